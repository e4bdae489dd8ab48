"""``continuo sections``: intro, verses, choruses, bridges and outro of a piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.section_files import SectionFiles

FAILED = 1
USAGE = 2


def register(app: typer.Typer) -> None:
    app.command("sections")(sections)


def sections(
    file: Annotated[Path | None, typer.Argument(help="A MIDI or sound file.", show_default=False)] = None,
    files: Annotated[Path | None, typer.Option(help="A CSV with a column path instead of FILE.")] = None,
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="With --files: where the lines go; else standard output.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """The sections of FILE, or of each row of --files.

    Exit code for a FILE: 0, or 1 if it holds no music. For --files: 0 when every row has its line, whatever is in it.
    """
    from connectors.music_limits import music_limits
    from connectors.settings import Settings
    from ops.section_files import SectionFiles

    if (file is None) == (files is None):
        typer.echo("Give a FILE, or --files CSV.", err=True)
        raise typer.Exit(USAGE)
    finder = SectionFiles(music_limits(Settings().limits))
    if files is not None:
        _many(finder, files, root or files.parent, jsonl)
    elif file is not None:
        _one(finder, file, as_json)


def _one(finder: SectionFiles, file: Path, as_json: bool) -> None:
    import json

    answer = {"path": str(file), **finder.sections(file)}
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    elif "error" in answer:
        typer.echo(answer["error"]["message"], err=True)
    else:
        _show(answer["sections"])
    raise typer.Exit(FAILED if "error" in answer else 0)


def _many(finder: SectionFiles, files: Path, root: Path, jsonl: Path | None) -> None:
    from contextlib import ExitStack

    from ops.answer_lines import answer_lines
    from ops.beat_files import FilesError, read_paths
    from ops.section_files import sections_of_files

    with ExitStack() as stack:
        try:
            paths = read_paths(files)
            write = stack.enter_context(answer_lines(jsonl))
        except (FilesError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(USAGE) from error
        for answer in sections_of_files(finder, paths, root):
            write(answer)


def _show(found: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("section", "from", "to", "confidence", box=None, header_style="dim")
    for row in found:
        table.add_row(row["label"], _clock(row["start_s"]), _clock(row["end_s"]), f"{row['confidence']:.0%}")
    Console().print(table)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}"
