"""``continuo beats``: where are the beats of this music?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ops.beat_files import BeatFiles

FAILED = 1
USAGE = 2


def register(app: typer.Typer) -> None:
    app.command("beats")(beats)


def beats(
    file: Annotated[Path | None, typer.Argument(help="A MIDI or sound file.", show_default=False)] = None,
    files: Annotated[Path | None, typer.Option(help="A CSV with a column path instead of FILE.")] = None,
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    jsonl: Annotated[Path | None, typer.Option(help="With --files: where the lines go; else standard output.")] = None,
    offline: Annotated[
        bool, typer.Option("--offline/--causal", help="From the whole file; or, the default, as a live listener tells.")
    ] = False,
    catalogue: Annotated[Path | None, typer.Option(help="Beats of works in it come from their scores.")] = None,
    engine: Annotated[
        str, typer.Option(help="onnx: the whole network; hls4ml or rtl: the small one for FPGAs.")
    ] = "onnx",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """The beats of FILE, or of each row of --files.

    A causal beat uses nothing later than itself plus 40 ms; one without an onset is told 70 ms or an eighth of its
    length after it. With --offline what comes later counts too, which finds more. Exit code for a FILE: 0, or 1 when it
    holds no music. For --files: 0 when every row has its line.
    """
    from connectors.music_limits import music_limits
    from connectors.settings import Settings
    from ops.beat_engines import NoEngineError, beat_network
    from ops.beat_files import BeatFiles
    from processors.identify import Catalogue, CatalogueError, Identifier

    if (file is None) == (files is None):
        typer.echo("Give a FILE, or --files CSV.", err=True)
        raise typer.Exit(USAGE)
    if offline and catalogue is not None:
        typer.echo("Works are recognised as they are played: leave out --offline, or --catalogue.", err=True)
        raise typer.Exit(USAGE)
    if offline and engine != "onnx":
        typer.echo("Whole files are heard by onnx only: leave out --offline, or --engine.", err=True)
        raise typer.Exit(USAGE)
    try:
        network = beat_network(engine)
    except NoEngineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from error
    try:
        identifier = None if catalogue is None else Identifier(Catalogue.open(catalogue, check=True))
    except CatalogueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error
    finder = BeatFiles(network, music_limits(Settings().limits), identifier, offline)
    if files is not None:
        _many(finder, files, root or files.parent, jsonl)
    elif file is not None:
        _one(finder, file, as_json)


def _one(finder: BeatFiles, file: Path, as_json: bool) -> None:
    import json

    answer = {"path": str(file), **finder.beats(file)}
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _show(answer)
    raise typer.Exit(FAILED if "error" in answer else 0)


def _many(finder: BeatFiles, files: Path, root: Path, jsonl: Path | None) -> None:
    from contextlib import ExitStack

    from ops.answer_lines import answer_lines, with_bar
    from ops.beat_files import FilesError, beats_of_paths, read_paths

    with ExitStack() as stack:
        try:
            paths = read_paths(files)
            write = stack.enter_context(answer_lines(jsonl))
        except (FilesError, OSError) as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(USAGE) from error
        for answer in with_bar(beats_of_paths(finder, paths, root), len(paths), "Finding beats"):
            write(answer)


def _show(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if "error" in answer:
        Console(stderr=True).print(f"[red]{escape(answer['error']['message'])}[/]")
        return
    table = Table("time", "bar", "beat", "tempo", "confidence", box=None, header_style="dim")
    bar = 0
    for beat in answer["beats"]:
        bar += beat["downbeat"]
        place = f"[bold]{beat['position']}[/]" if beat["downbeat"] else str(beat["position"])
        table.add_row(f"{beat['time_s']:.2f}", str(bar), place, f"{beat['tempo_bpm']:.0f}", f"{beat['confidence']:.0%}")
    Console().print(table)
