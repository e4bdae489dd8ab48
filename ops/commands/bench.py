"""``continuo bench NAME``: timings, on a stack of its own that is gone afterwards."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Seed = Annotated[int, typer.Option(help="Chooses the music that is played.")]

bench = typer.Typer(no_args_is_help=True, help="Timings, on a stack of its own that is gone afterwards.")


def register(app: typer.Typer) -> None:
    app.add_typer(bench, name="bench")


@bench.command()
def latency(
    clips_per_s: Annotated[float, typer.Option(min=0.1, max=1000.0)] = 20.0,
    clip_seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="How long clips are published.")] = 30.0,
    players: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    notes_per_s: Annotated[float, typer.Option(min=0.1, max=100.0, help="Of each player.")] = 10.0,
    live_seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="How long they play.")] = 30.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """From publishing a clip, or a player's note, to the answer read back from `matches`."""
    from ops.bench.latency import Load
    from ops.bench.latency import latency as measure

    _print(measure(Load(clips_per_s, clip_seconds, players, notes_per_s, live_seconds), seed), as_json)


@bench.command()
def start(as_json: AsJson = False) -> None:
    """All workers until they are ready: forked as `continuo up` starts them, and each by itself."""
    from ops.bench.start import start as measure

    _print(measure(), as_json)


@bench.command()
def throughput(
    clips: Annotated[int, typer.Option(min=10, max=100_000)] = 2000,
    rounds: Annotated[int, typer.Option(min=1, max=20)] = 3,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Clips a second through Kafka and Faust, beside the same calls in one process."""
    from ops.bench.throughput import throughput as measure

    _print(measure(clips, rounds, seed), as_json)


@bench.command()
def telemetry(
    rounds: Annotated[int, typer.Option(min=10, max=1_000_000)] = 5_000,
    as_json: AsJson = False,
) -> None:
    """What metrics and traces add to a record, in one thread: no stack is needed."""
    from ops.bench.telemetry import telemetry as measure

    _print(measure(rounds), as_json)


@bench.command()
def chaos(
    clips: Annotated[int, typer.Option(min=10, max=1_000_000)] = 10_000,
    clips_per_s: Annotated[float, typer.Option(min=0.1, max=1000.0)] = 15.0,
    players: Annotated[int, typer.Option(min=2, max=1000)] = 27,
    notes_per_s: Annotated[float, typer.Option(min=0.1, max=100.0, help="Of each player.")] = 5.0,
    faults: Annotated[int, typer.Option(min=1, max=1000)] = 38,
    outage_s: Annotated[float, typer.Option(min=0.1, max=600.0, help="How long each fault lasts.")] = 9.0,
    at_once: Annotated[int, typer.Option(min=1, max=20, help="So many faults strike together.")] = 1,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Kill, freeze, fill and slow down everything in turn, on three brokers, while clips and notes flow.

    Exit code 1: something was lost, or stands twice in Redis or ClickHouse.
    """
    from ops.bench.chaos import Load, Plan
    from ops.bench.chaos import chaos as run

    load, plan = Load(clips, clips_per_s, players, notes_per_s), Plan(faults, outage_s, at_once)
    result = run(load, plan, seed, lambda line: typer.echo(line, err=True))
    _print(result, as_json)
    raise typer.Exit(1 if result["lost"] or result["duplicated"] else 0)


@bench.command()
def growth(
    catalogue: Annotated[Path, typer.Option(help="A catalogue; larger ones are made of its works.")],
    clips: Annotated[Path, typer.Option(help="A CSV with query_path,start_s,length_s,reference_path.")],
    root: Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")] = None,
    sizes: Annotated[str, typer.Option(help="Works, with commas.")] = "1000,7000,70000",
    length_s: Annotated[float, typer.Option(min=0.1, help="Only clips of this length.")] = 10.0,
    scratch: Annotated[
        Path | None, typer.Option(help="Where the catalogues are made; else a temporary folder.")
    ] = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Time, accuracy and memory as the catalogue grows; without Kafka."""
    from tempfile import TemporaryDirectory

    from ops.bench.growth import growth as measure
    from ops.evaluate.clips import clips_from_csv
    from processors.identify import Catalogue, CatalogueError

    try:
        counts = [int(size) for size in sizes.split(",")]
        found = [clip for clip in clips_from_csv(clips, root or clips.parent) if clip.length_s == length_s]
        base = Catalogue.open(catalogue)
    except (CatalogueError, OSError, KeyError, ValueError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(2) from error
    with TemporaryDirectory() as folder:
        _print(measure(base, found, counts, scratch or Path(folder), seed), as_json)


@bench.command()
def bulk(
    want: Annotated[str, typer.Option(help="The analyses, with commas.")] = "identify",
    songs: Annotated[int, typer.Option(min=0, max=100_000, help="Sound files for the rate; 0 leaves it out.")] = 120,
    song_seconds: Annotated[float, typer.Option(min=1.0, max=600.0)] = 30.0,
    files: Annotated[int, typer.Option(min=0, max=100_000, help="Files of the job that is killed; 0: none.")] = 2000,
    broken: Annotated[int, typer.Option(min=0, max=100_000, help="How many of them cannot be read.")] = 40,
    kills: Annotated[int, typer.Option(min=0, max=100, help="How often client, worker or both are killed.")] = 3,
    workers: Annotated[int, typer.Option(min=1, max=64)] = 2,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Songs a second through a bulk job, and what becomes of a job that is killed again and again.

    Exit code 1: a file has no line, or was computed again after its answer was stored.
    """
    from ops.bench.bulk import Load
    from ops.bench.bulk import bulk as measure

    load = Load(want, songs, song_seconds, files, broken, kills, workers)
    result = measure(load, seed, lambda line: typer.echo(line, err=True))
    _print(result, as_json)
    killed = result.get("killed", {})
    wrong = [killed.get(name) for name in ("missing_lines", "repeated_lines", "computed_again")]
    raise typer.Exit(1 if any(wrong) else 0)


@bench.command()
def triggers(
    players: Annotated[int, typer.Option(min=1, max=500)] = 8,
    seconds: Annotated[float, typer.Option(min=20.0, max=3600.0, help="How long each song is.")] = 120.0,
    kills: Annotated[int, typer.Option(min=0, max=100, help="How often each worker is killed in the second run.")] = 10,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """From notes at a steady tempo to triggers read back from Kafka: how far off the beat, how many missing or twice.

    Exit code 1: a trigger is missing, or came twice.
    """
    from ops.bench.triggers import triggers as run

    result = run(players, seconds, kills, seed, lambda line: typer.echo(line, err=True))
    _print(result, as_json)
    wrong = sum(result[name][count] for name in ("steady", "killed") for count in ("missing", "twice"))
    raise typer.Exit(1 if wrong else 0)


@bench.command()
def freshness(
    works: Annotated[int, typer.Option(min=1, max=1000)] = 30, seed: Seed = 0, as_json: AsJson = False
) -> None:
    """From publishing a new work to the first clip that is recognised as it."""
    from ops.bench.freshness import freshness as measure

    _print(measure(works, seed), as_json)


@bench.command()
def sinks(
    records: Annotated[int, typer.Option(min=1_000, max=10_000_000)] = 100_000, seed: Seed = 0, as_json: AsJson = False
) -> None:
    """Answers a second from Kafka into Redis and ClickHouse, beside plain clients in the same run."""
    from ops.bench.sinks import sinks as measure

    _print(measure(records, seed, lambda line: typer.echo(line, err=True)), as_json)


@bench.command()
def gateway(
    requests_per_s: Annotated[float, typer.Option(min=1.0, max=100_000.0)] = 1500.0,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0)] = 10.0,
    as_json: AsJson = False,
) -> None:
    """Answers to clips that the gateway has in memory, evenly asked for beside it."""
    from ops.bench.gateway import gateway as measure

    _print(measure(requests_per_s, seconds), as_json)


@bench.command()
def search(
    queries: Annotated[int, typer.Option(min=10, max=100_000, help="Through Kafka, one after the other.")] = 300,
    requests_per_s: Annotated[float, typer.Option(min=1.0, max=100_000.0, help="Of cached searches.")] = 1500.0,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0)] = 10.0,
    vectors: Annotated[list[int] | None, typer.Option(help="Made ones: 10,000 and 1,000,000 by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """The search's index with made vectors, a text query's way through Kafka, and cached searches over HTTP."""
    from ops.bench.search import SIZES
    from ops.bench.search import search as measure

    _print(measure(queries, requests_per_s, seconds, vectors or SIZES), as_json)


@bench.command()
def streams(
    sources: Annotated[int, typer.Option(min=1, max=10_000, help="Players that are followed.")] = 500,
    notes_per_s: Annotated[float, typer.Option(min=0.1, max=100.0, help="Of each player.")] = 2.0,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0)] = 30.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """From players' notes to the event streams of their sources, each followed through the gateway."""
    from ops.bench.streams import streams as measure

    _print(measure(sources, notes_per_s, seconds, seed), as_json)


@bench.command("fpga-consumer")
def fpga_consumer(
    sources: Annotated[int, typer.Option(min=1, max=10_000)] = 200,
    seconds: Annotated[float, typer.Option(min=1.0, max=3600.0, help="How long frames are sent.")] = 120.0,
    events_per_s: Annotated[float, typer.Option(min=1.0, max=100_000.0, help="Of four frames.")] = 100.0,
    kills: Annotated[int, typer.Option(min=0, max=100)] = 10,
    engine: Annotated[str, typer.Option(help="hls4ml or rtl.")] = "hls4ml",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Frames a second through the FPGA consumer, from Kafka to Kafka; then with the consumer killed again and again.

    Exit code 1: a frame was lost, came twice, or has other bits than in peace.
    """
    from ops.bench.fpga_consumer import ENGINES
    from ops.bench.fpga_consumer import fpga_consumer as measure

    if engine not in ENGINES:
        raise typer.BadParameter(f"Engines are {', '.join(ENGINES)}.")
    say = partial(typer.echo, err=True)
    result = measure(sources, seconds, events_per_s, kills, ENGINES[engine], seed, say)
    _print(result, as_json)
    raise typer.Exit(1 if result["lost"] or result["twice"] or result["differ"] else 0)


@bench.command()
def page(
    loads: Annotated[int, typer.Option(min=1, max=100)] = 10,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="How long it is watched.")] = 20.0,
    work: Annotated[str, typer.Option(help="What is played on it: words of a title.")] = "maple leaf rag",
    as_json: AsJson = False,
) -> None:
    """In a headless Chromium: how soon the page is painted, and whether it drops frames while somebody plays."""
    from ops.bench.page import page as measure

    _print(measure(loads, seconds, work), as_json)


@bench.command()
def cost(
    clips: Annotated[int, typer.Option(min=10, max=100_000)] = 400,
    clips_per_s: Annotated[float, typer.Option(min=0.1, max=1000.0)] = 20.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """What Kafka, Avro and Faust add to the identification of a clip, in milliseconds and of a core."""
    from ops.bench.cost import cost as measure

    _print(measure(clips, clips_per_s, seed), as_json)


@bench.command()
def scale(seed: Seed = 0, as_json: AsJson = False) -> None:
    """How cost grows: one worker and two, one source to a thousand, clips of 1 to 60 s, messages of 1 KB to 1 MB."""
    from ops.bench.scale import scale as measure

    _print(measure(seed, lambda line: typer.echo(line, err=True)), as_json)


@bench.command()
def soak(
    hours: Annotated[float, typer.Option(min=0.01, max=240.0, help="On the players' clocks.")] = 24.0,
    players: Annotated[int, typer.Option(min=1, max=1000)] = 2,
    notes_per_s: Annotated[float, typer.Option(min=0.1, max=100.0, help="Of each player.")] = 2.0,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """A day of traffic as fast as the workers take it, and how large they get.

    Exit code 1: a worker was more than five in a hundred larger in the end than after a tenth.
    """
    from ops.bench.soak import Day
    from ops.bench.soak import soak as run

    result = run(Day(hours, players, notes_per_s), seed, lambda line: typer.echo(line, err=True))
    _print(result, as_json)
    raise typer.Exit(0 if result["flat"] else 1)


def _print(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(result))
        return
    from rich.console import Console
    from rich.pretty import Pretty

    Console().print(Pretty(result, expand_all=True))
