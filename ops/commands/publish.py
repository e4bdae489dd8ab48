"""``continuo publish``: clips into Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ops.publishing import Publication

INCOMPLETE = 3


def register(app: typer.Typer) -> None:
    app.command("publish")(publish)


def publish(
    files: Annotated[list[Path], typer.Argument(help="MIDI and sound files, or folders of them.", exists=True)],
    source_id: Annotated[str, typer.Option(help="Names the uploader; its clips are answered in order.")] = "publish",
    start: Annotated[float, typer.Option(min=0.0, help="Where in each file the clip starts, seconds.")] = 0.0,
    length: Annotated[float | None, typer.Option(min=0.001, help="How much of it, seconds; else all.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the answers and show them.")] = False,
    timeout: Annotated[float, typer.Option(min=0.0, help="With --wait: give up after so many seconds.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a file, in the order of the files.")] = False,
) -> None:
    """Publish files as clips. Exit code 1: the stack is away; 3: a file was refused, not answered or not analysed."""
    import json
    from contextlib import ExitStack

    from rich.console import Console
    from rich.progress import Progress

    from connectors.blob_store import BlobStore
    from connectors.consumer import EventReader
    from connectors.publisher import ClipPublisher
    from connectors.registry import EventCodec
    from connectors.settings import Settings
    from ops.commands.explained import explained
    from ops.publishing import music_files, publish_files, wait_for_matches
    from schemas.topics import MATCHES

    settings = Settings()
    found = music_files(files)
    if not found:
        raise typer.BadParameter("These folders hold no MIDI or sound files.")
    console = Console(stderr=True)
    with explained(), ExitStack() as stack:
        codec = EventCodec(settings)
        publisher = stack.enter_context(ClipPublisher(settings, codec, BlobStore(settings)))
        publisher.require()
        reader = stack.enter_context(EventReader(settings, codec, [MATCHES.name], "latest")) if wait else None
        bars = stack.enter_context(Progress(console=console, disable=not console.is_terminal))
        sending = bars.add_task("Publishing", total=len(found))
        rows = publish_files(publisher, found, source_id, start, length, lambda: bars.advance(sending))
        if reader is not None:
            answers = bars.add_task("Answers", total=sum(row.clip is not None for row in rows))
            wait_for_matches(reader, rows, timeout, lambda: bars.advance(answers))
    for row in rows:
        typer.echo(json.dumps(row.as_json(wait)) if as_json else _as_line(row, wait))
    raise typer.Exit(0 if all(row.succeeded(wait) for row in rows) else INCOMPLETE)


def _as_line(row: Publication, waited: bool) -> str:
    from ops.describe import describe

    if row.clip is None:
        return f"{row.path}: refused: {row.error}"
    if row.match is not None:
        return f"{row.path}: {describe(row.match)}"
    return f"{row.path}: {'no answer in time' if waited else 'published'} (clip {row.clip.clip_id})"
