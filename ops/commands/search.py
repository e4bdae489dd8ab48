"""``continuo search``: find works by text, by music, by both, or more like one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from processors.search.limits import SearchRequest

FAILED = 1
USAGE = 2


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    text: Annotated[str | None, typer.Argument(help="What you are looking for, in words.", show_default=False)] = None,
    audio: Annotated[Path | None, typer.Option(help="Music to search by: a sound or MIDI file.")] = None,
    like: Annotated[str | None, typer.Option(metavar="WORK_ID", help="More like this work of the catalogue.")] = None,
    alpha: Annotated[float, typer.Option(help="With TEXT and --audio: how much the text counts, 0 to 1.")] = 0.5,
    top: Annotated[int, typer.Option(help="How many works.")] = 10,
    composer: Annotated[str, typer.Option(help="Only works of composers with this in their name.")] = "",
    instrument: Annotated[list[str] | None, typer.Option(help="Only works in which this plays; several: all.")] = None,
    tempo_min: Annotated[float | None, typer.Option(help="Only works of so many beats a minute, and more.")] = None,
    tempo_max: Annotated[float | None, typer.Option(help="Only works of so many beats a minute, and fewer.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue; else the one of the settings.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Search a catalogue by TEXT, by music (--audio), by both, or for more like a work (--like).

    The first search after a catalogue has changed embeds its new works. Exit code: 0 answered, 1 failed, 2 wrong usage.
    """
    from processors.search.limits import Filters, SearchRequest

    if like is not None and (text is not None or audio is not None):
        typer.echo("Give --like alone, without TEXT and --audio.", err=True)
        raise typer.Exit(USAGE)
    filters = Filters(composer, tuple(instrument or ()), tempo_min, tempo_max)
    if like is not None:
        request = SearchRequest("similar", work_id=like, top_k=top, filters=filters)
    elif audio is not None and text is not None:
        request = SearchRequest("hybrid", text, alpha=alpha, top_k=top, filters=filters)
    elif audio is not None:
        request = SearchRequest("audio", alpha=alpha, top_k=top, filters=filters)
    elif text is not None:
        request = SearchRequest("text", text, alpha=alpha, top_k=top, filters=filters)
    else:
        typer.echo("Say what you are looking for: TEXT, --audio FILE, both, or --like WORK_ID.", err=True)
        raise typer.Exit(USAGE)
    _answer(request, audio, catalogue, as_json)


def _answer(request: SearchRequest, audio: Path | None, catalogue: Path | None, as_json: bool) -> None:
    import json

    from connectors.settings import Settings
    from ops.searching import search_files
    from processors.identify import CatalogueError
    from processors.search.text import TextEncoderError

    settings = Settings()
    try:
        answer = search_files(request, audio, catalogue or settings.catalogue_dir, settings)
    except (CatalogueError, TextEncoderError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    if answer["status"] == "failed":
        raise typer.Exit(FAILED)


def _show(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if answer["status"] == "failed":
        Console(stderr=True).print(f"[red]{escape(answer['error']['message'])}[/]")
        return
    table = Table("score", "work", "key", "beats/min", "instruments", box=None, header_style="dim")
    for work in answer["works"]:
        table.add_row(
            f"{work['score']:.3f}",
            f"{escape(work['composer'])} [bold]{escape(work['title'])}[/]",
            work["key"],
            f"{work['tempo_bpm']:.0f}" if work["tempo_bpm"] else "",
            ", ".join(work["instruments"]),
        )
    Console().print(table)
