"""``continuo instruments``: which instruments are heard in sound files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

FAILED = 1
USAGE = 2
LIKELY = 0.5
SHOWN = 5


def register(app: typer.Typer) -> None:
    app.command("instruments")(instruments)


def instruments(
    files: Annotated[list[Path], typer.Argument(help="Sound files: WAV, FLAC, OGG, MP3, ...", show_default=False)],
    jsonl: Annotated[Path | None, typer.Option(help="Write a JSON line for each file here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A JSON line for each file on standard output.")] = False,
    by_second: Annotated[bool, typer.Option(help="Also tell each label's probability in each second.")] = False,
) -> None:
    """The instruments of FILES: all labels with their probability, most probable first.

    Exit code without --jsonl: 0, or 1 if a file could not be heard. With it: 0 when every file has its line.
    """
    from connectors.music_limits import music_limits
    from connectors.settings import Settings
    from ops.answer_lines import answer_lines, with_bar
    from ops.instrument_files import InstrumentFiles

    found = InstrumentFiles(music_limits(Settings().limits).audio).answers(files, by_second)
    if jsonl is None and not as_json:
        raise typer.Exit(_show(found))
    failed = False
    try:
        with answer_lines(jsonl) as write:
            for answer in with_bar(found, len(files), "Listening") if jsonl else found:
                failed |= answer["error"] is not None
                write(answer)
    except OSError as error:
        typer.echo(f"{jsonl} cannot be written: {error.strerror}.", err=True)
        raise typer.Exit(USAGE) from error
    raise typer.Exit(FAILED if failed and jsonl is None else 0)


def _show(answers: Iterator[dict[str, Any]]) -> int:
    failed = False
    for answer in answers:
        rows = answer["instruments"]
        likely = [row for row in rows if row["probability"] >= LIKELY] or rows[:1]
        told = ", ".join(f"{row['label']} {row['probability']:.0%}" for row in likely[:SHOWN])
        typer.echo(f"{answer['path']}: {answer['error']['message'] if answer['error'] else told}")
        failed |= answer["error"] is not None
    return FAILED if failed else 0
