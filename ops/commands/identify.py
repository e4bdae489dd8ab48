"""``continuo identify``: what is this music?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.identifying import FileIdentifier

FAILED = 1
USAGE = 2
UNKNOWN = 3


def register(app: typer.Typer) -> None:
    app.command("identify")(identify)


def identify(
    file: Annotated[Path | None, typer.Argument(help="A MIDI or sound file.", show_default=False)] = None,
    start: Annotated[float, typer.Option(min=0.0, help="Where in the file to start, seconds.")] = 0.0,
    length: Annotated[float | None, typer.Option(min=0.001, help="How much of it, seconds; else all.")] = None,
    clips: Annotated[Path | None, typer.Option(help="A CSV with query_path,start_s,length_s instead of FILE.")] = None,
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="With --clips: where the lines go; else standard output.")] = None,
    catalogue: Annotated[Path | None, typer.Option(help="The catalogue; else the one of the settings.")] = None,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many candidates.")] = 5,
    max_shift: Annotated[int, typer.Option(min=0, max=6, help="Semitones that the key may differ.")] = 6,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Identify FILE, or each row of --clips.

    Exit code for a FILE: 0 matched, 3 unknown, 1 failed. For --clips: 0 when every row has its line, whatever is in it.
    """
    from connectors.music_limits import music_limits
    from connectors.settings import Settings
    from ops.identifying import FileIdentifier
    from processors.identify import Catalogue, CatalogueError, Identifier

    if (file is None) == (clips is None):
        typer.echo("Give a FILE, or --clips CSV.", err=True)
        raise typer.Exit(USAGE)
    settings = Settings()
    try:
        identifier = Identifier(Catalogue.open(catalogue or settings.catalogue_dir, check=True), top, max_shift)
    except CatalogueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error
    identifier.warm_up()
    files = FileIdentifier(identifier, music_limits(settings.limits))
    if clips is not None:
        _identify_clips(files, clips, root or clips.parent, jsonl)
    elif file is not None:
        _identify_file(files, file, start, length, as_json)


def _identify_file(files: FileIdentifier, file: Path, start: float, length: float | None, as_json: bool) -> None:
    import json

    answer = {"query_path": str(file), "start_s": start, "length_s": length, **files.identify(file, start, length)}
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    raise typer.Exit({"matched": 0, "unknown": UNKNOWN}.get(answer["status"], FAILED))


def _identify_clips(files: FileIdentifier, clips: Path, root: Path, jsonl: Path | None) -> None:
    from contextlib import ExitStack

    from ops.answer_lines import answer_lines, with_bar
    from ops.identifying import ClipsError, identify_rows, read_rows

    with ExitStack() as stack:
        try:
            rows = read_rows(clips)
            write = stack.enter_context(answer_lines(jsonl))
        except (ClipsError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(USAGE) from error
        for answer in with_bar(identify_rows(files, rows, root), len(rows), "Identifying"):
            write(answer)


def _show(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    if answer["status"] == "failed":
        Console(stderr=True).print(f"[red]{escape(answer['error']['message'])}[/]")
        return
    verdict = (
        "[green]matched[/]" if answer["status"] == "matched" else "[yellow]unknown[/]: the nearest works are below"
    )
    console.print(f"{verdict}, from {answer['notes_heard']} notes in {answer['latency_ms']:.1f} ms")
    table = Table("confidence", "work", "place", "key", "tempo", "notes", box=None, header_style="dim")
    for row in answer["candidates"]:
        table.add_row(
            f"{row['confidence']:.1%}",
            f"{escape(row['composer'])} [bold]{escape(row['title'])}[/]",
            f"{_clock(row['ref_start_s'])}-{_clock(row['ref_end_s'])}",
            f"{row['transposition']:+d}" if row["transposition"] else "same",
            f"{row['tempo_ratio']:.2f}x",
            str(row["matched_notes"]),
        )
    console.print(table)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
