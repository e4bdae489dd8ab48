"""``continuo fpga ...``: the quantised beat network, from training to a board, and the consumer that runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from processors.training.beats.works import BeatWork

FAILED = 1
USAGE = 2
WORK = Path(".cache/fpga")
REPORT = Path("fpga/shipped/reports/ecp5.json")
LESSONS = 40
"""Pieces of 102,400 frames that a network is trained on."""

fpga = typer.Typer(no_args_is_help=True, help="The quantised beat network: training, conversion, boards, the consumer.")

Folder = Annotated[Path, typer.Option(help="Where what is made on the way is kept; a run that broke off goes on.")]
Data = Annotated[Path, typer.Option(help="The folder with corpus/, pop909/ and asap/.")]
Without = Annotated[Path | None, typer.Option(help="A JSON list of works that are not trained on.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


def register(app: typer.Typer) -> None:
    app.add_typer(fpga, name="fpga")


@fpga.command()
def train(
    data: Data,
    without: Without = None,
    cell: Annotated[str, typer.Option(help="gated, leaky or window.")] = "gated",
    inward: Annotated[int, typer.Option(min=1, max=256, help="Numbers that a frame is first reduced to.")] = 32,
    units: Annotated[int, typer.Option(min=1, max=256, help="Of the cell.")] = 32,
    steps: Annotated[int, typer.Option(min=1, help="In float.")] = 3000,
    rounded_steps: Annotated[int, typer.Option(min=1, help="With quantisers, after that.")] = 1200,
    kept_inward: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the first layer's weights.")] = 0.3,
    kept: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the cell's weights that is left.")] = 0.35,
    seed: Annotated[int, typer.Option(help="Of the weights.")] = 0,
    work: Folder = WORK,
) -> None:
    """Train a network on what the shipped one says of performances of free works."""
    with _sentences():
        from fpga.conversion.keras import keras

        keras()
        from fpga.training.lessons import make_lessons
        from fpga.training.network import CELLS, Shape
        from fpga.training.train import Course, train

        if cell not in CELLS:
            raise typer.BadParameter(f"Cells are {', '.join(CELLS)}.")
        shares = {"inward": kept_inward} | dict.fromkeys(("new", "gate", "window"), kept)
        course = Course(Shape(cell, inward, units), steps, rounded_steps, shares, seed)
        make_lessons(_works(data, without, work), work / "lessons", LESSONS, 1, lambda: None)
        train(course, work / "lessons", work / course.name, _say)
        typer.echo(str(work / course.name))


@fpga.command()
def compare(
    trained: Annotated[list[Path], typer.Argument(help="Folders that `continuo fpga train` names.")],
    data: Annotated[Path | None, typer.Option(help="Also their beats on works that training left out.")] = None,
    without: Without = None,
    performances: Annotated[int, typer.Option(min=1, help="Of these works, simulated.")] = 260,
    seed: Annotated[int, typer.Option(help="Of the performances.")] = 5,
    work: Folder = WORK,
    as_json: AsJson = False,
) -> None:
    """What trained networks would need of a chip, and how well they find beats, before one is converted."""
    with _sentences():
        from fpga.candidates import candidate, candidate_network
        from ops.evaluate.held_out_beats import held_out_beats

        told = [candidate(folder) for folder in trained]
        if data is not None:
            works = _works(data, without, work)
            for row, folder in zip(told, trained, strict=True):
                row |= held_out_beats(works, candidate_network(folder), performances, seed)
        _print({"candidates": told}, as_json)


@fpga.command()
def convert(
    trained: Annotated[Path, typer.Argument(help="The folder that `continuo fpga train` names.")],
    music: Annotated[Path, typer.Option(help="A folder of MIDI files: layers are compared on what is played there.")],
    out: Annotated[Path, typer.Option(help="Where the network goes.")] = Path("fpga/shipped"),
) -> None:
    """Convert a trained network to ONNX and, by hls4ml, to C++; refused if any layer differs from QKeras in a bit."""
    with _sentences():
        from fpga.conversion.convert import GOLDEN_FRAMES, convert
        from fpga.conversion.keras import keras
        from fpga.music import performances

        keras()
        from fpga.training.train import trained_model

        frames = next(performances(music))[:GOLDEN_FRAMES]
        typer.echo(convert(trained_model(trained), frames, out, _say).version)


@fpga.command()
def verify(
    music: Annotated[Path, typer.Option(help="A folder of MIDI files.")],
    frames: Annotated[int, typer.Option(min=64, help="At least so many.")] = 100_000,
    engines: Annotated[
        str, typer.Option(help="Which of onnx,hls4ml,rtl,board; with commas.")
    ] = "onnx,hls4ml,rtl,board",
    as_json: AsJson = False,
) -> None:
    """Count the bits in which engines differ from QKeras, states carried over; the board is simulated to its pins.

    Exit code 1: a bit differs.
    """
    with _sentences():
        from contextlib import ExitStack

        from connectors.settings import FpgaSettings
        from fpga.engines.choice import engine_of
        from fpga.engines.engine import Engine
        from fpga.engines.shipped import shipped_graph
        from fpga.music import performances
        from fpga.verify import verify as compare

        graph = shipped_graph()
        with ExitStack() as stack:
            made: dict[str, Engine] = {}
            for name in engines.split(","):
                if name == "board":
                    from fpga.board.driver import BoardEngine, LineSettings
                    from fpga.board.simulated import SimulatedBoard

                    board = stack.enter_context(SimulatedBoard(graph))
                    made[name] = BoardEngine(graph, LineSettings(board.url, timeout_s=5.0))
                elif name in ("onnx", "hls4ml", "rtl"):
                    made[name] = engine_of(name, graph, FpgaSettings())  # type: ignore[arg-type]
                else:
                    raise typer.BadParameter("Engines are onnx, hls4ml, rtl and board.")
            result = compare(graph, made, performances(music), frames, _progress(frames))
        _print(result.as_dict(), as_json)
        raise typer.Exit(FAILED if result.differing_bits else 0)


@fpga.command()
def synth(
    work: Folder = WORK / "synthesis",
    out: Annotated[Path, typer.Option(help="Where the report goes, the bitstream beside it.")] = REPORT,
    as_json: AsJson = False,
) -> None:
    """Make the bitstream for an ECP5-85F; takes long, and goes on where it was broken off."""
    with _sentences():
        from dataclasses import asdict

        from fpga.engines.shipped import shipped_graph
        from fpga.synthesis import synthesise, write_report

        report, bits = synthesise(shipped_graph(), work, _say)
        write_report(report, bits, out)
        _print(asdict(report), as_json)


@fpga.command("bench")
def bench(
    music: Annotated[Path, typer.Option(help="A folder of MIDI files.")],
    frames: Annotated[int, typer.Option(min=100, help="Of each engine.")] = 2000,
    as_json: AsJson = False,
) -> None:
    """Time for a frame of one source: Keras, tf.function, hls4ml's C++, ONNX Runtime, a board; beside the core's."""
    with _sentences():
        from fpga.bench import bench as measure
        from fpga.engines.shipped import shipped_graph
        from fpga.music import performances

        _print(measure(shipped_graph(), performances(music), frames), as_json)


@fpga.command()
def report(as_json: AsJson = False) -> None:
    """What is kept of the shipped network: its layers, and what synthesis says."""
    with _sentences():
        from fpga.report import report as told

        _print(told(), as_json)


@fpga.command()
def consume(
    engine: Annotated[str, typer.Option(help="onnx, hls4ml, rtl or board.")] = "hls4ml",
) -> None:
    """Read `frames`, write `activations`, exactly once, until asked to stop; other workers of frames must not run.

    Set rhythm.engine to the same engine, so that the stack's own beat network leaves the topic to this one.
    """
    from connectors.settings import Settings
    from ops.workers import WorkerError, run_worker

    if engine not in ("onnx", "hls4ml", "rtl", "board"):
        raise typer.BadParameter("Engines are onnx, hls4ml, rtl and board.")
    settings = Settings()
    rhythm = settings.rhythm.model_copy(update={"engine": engine})
    try:
        run_worker("fpga", settings.model_copy(update={"rhythm": rhythm}))
    except WorkerError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(FAILED) from error


class _sentences:  # noqa: N801 - used as a statement
    """Errors that say what to do end the command with their message."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, ImportError):
            typer.echo(f"{error}. This needs the extra: pip install 'continuo[fpga]'.", err=True)
            raise typer.Exit(USAGE) from error
        from fpga.engines.engine import EngineError

        if isinstance(error, EngineError | ValueError | OSError):
            typer.echo(str(error), err=True)
            raise typer.Exit(FAILED) from error


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _progress(total: int) -> Callable[[int], None]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    bars = Progress(console=console, disable=not console.is_terminal)
    task = bars.add_task("Comparing", total=total)
    bars.start()

    def told(done: int) -> None:
        bars.update(task, completed=done)
        if done >= total:
            bars.stop()

    return told


def _works(data: Path, without: Path | None, work: Path) -> list[BeatWork]:
    """All works that are trained on or chosen by; every command must leave out the same."""
    from processors.training.beats.pool import load_works

    return load_works(data, work, json.loads(without.read_text()) if without else [])


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    from rich.console import Console
    from rich.pretty import Pretty

    Console().print(Pretty(result, expand_all=True))
