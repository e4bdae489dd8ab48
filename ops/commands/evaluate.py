"""``continuo evaluate``: measure recognition against clips whose work is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .evaluate_ablation import ablation
from .evaluate_audio import audio
from .evaluate_beats import beats
from .evaluate_instruments import instruments
from .evaluate_search import search
from .evaluate_sections import sections

if TYPE_CHECKING:
    from processors.identify import Catalogue
    from processors.training.clips import TrueClip

CatalogueAt = Annotated[Path, typer.Option("--catalogue", help="The catalogue's folder.")]
ClipsAt = Annotated[
    Path | None,
    typer.Option("--clips", help="A CSV with query_path,start_s,length_s,reference_path,ref_start_s,ref_end_s."),
]
PerformancesAt = Annotated[
    Path | None,
    typer.Option(
        "--performances",
        exists=True,
        dir_okay=False,
        help="CSV of performances with beats: query_path,reference_path,annotation_path,reference_annotation_path,"
        "beats_aligned.",
    ),
]
Root = Annotated[Path | None, typer.Option(help="What the CSV's paths are relative to; else its folder.")]
Simulated = Annotated[int, typer.Option(min=0, help="Without --clips: so many simulated clips of catalogue works.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only so many clips.")]
Variants = Annotated[str, typer.Option(help="Which of clean,shifted,noisy20,noisy30,melody; with commas.")]
MaxShift = Annotated[int, typer.Option(min=0, max=6, help="Semitones that the key may differ.")]
Seed = Annotated[int, typer.Option(help="Of all that is random.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]

USAGE = 2
LENGTHS_S = (3.0, 5.0, 10.0)


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Measure recognition against clips whose work is known.", no_args_is_help=True)
    group.command("identify")(identify)
    group.command("live")(live)
    group.command("unknown")(unknown)
    group.command("audio")(audio)
    group.command("beats")(beats)
    group.command("score-beats")(score_beats)
    group.command("sections")(sections)
    group.command("instruments")(instruments)
    group.command("search")(search)
    group.command("ablation")(ablation)
    app.add_typer(group, name="evaluate")


def identify(
    catalogue: CatalogueAt,
    clips: ClipsAt = None,
    root: Root = None,
    simulated: Simulated = 300,
    limit: Limit = None,
    variants: Variants = "clean,shifted,noisy30,melody",
    max_shift: MaxShift = 6,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Right work and right place by clip length and variant; latency; index size. Twins of a work count as right."""
    from ops.evaluate.identify import evaluate_identify

    opened, found = _inputs(catalogue, clips, root, simulated, limit, seed)
    names = _variants(variants)
    with _progress(len(found) * len(names)) as advance:
        table = evaluate_identify(opened, found, names, seed, max_shift, advance)
    _report(opened, found, table, as_json)


def live(
    catalogue: CatalogueAt,
    clips: ClipsAt = None,
    root: Root = None,
    performances: PerformancesAt = None,
    simulated: Simulated = 100,
    limit: Limit = None,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """How soon a player is recognised, how often wrongly, where in the work, and what an answer costs."""
    from ops.evaluate.following import evaluate_following
    from ops.evaluate.live import evaluate_live
    from ops.evaluate.true_places import different_works, performances_from_csv

    opened, found = _inputs(catalogue, clips, root, simulated, limit, seed)
    longest = max((clip.length_s for clip in found), default=0.0)
    found = [clip for clip in found if clip.length_s == longest]
    played = []
    if performances is not None:
        try:
            played = different_works(performances_from_csv(performances, root or performances.parent), limit)
        except (OSError, KeyError, ValueError) as error:
            typer.echo(f"The performances cannot be read: {error}", err=True)
            raise typer.Exit(USAGE) from error
    with _progress(len(found) + 2 * len(played)) as advance:
        table = evaluate_live(opened, found, advance)
        if played:
            table["following"] = evaluate_following(opened, played, seed, advance)
    _report(opened, found, table, as_json)


def unknown(
    catalogue: CatalogueAt,
    clips: ClipsAt = None,
    root: Root = None,
    simulated: Simulated = 300,
    limit: Limit = None,
    variants: Variants = "clean,shifted",
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Whether works that are not in the catalogue are called unknown, and whether confidence is honest."""
    from ops.evaluate.unknown import evaluate_unknown

    opened, found = _inputs(catalogue, clips, root, simulated, limit, seed)
    names = _variants(variants)
    with _progress(len(found) * len(names)) as advance:
        table = evaluate_unknown(opened, found, names, seed, advance)
    _report(opened, found, table, as_json)


def score_beats(
    folder: Annotated[Path, typer.Argument(help="A folder with NAME.mid and NAME.beats.txt as in ASAP.")],
    as_json: AsJson = False,
) -> None:
    """Whether the beats that the catalogue takes from scores are where annotators put them."""
    import json

    from rich.console import Console
    from rich.pretty import Pretty

    from ops.evaluate.score_beats import evaluate_score_beats

    result = evaluate_score_beats(folder)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result))


def _inputs(
    catalogue: Path, clips: Path | None, root: Path | None, simulated: int, limit: int | None, seed: int
) -> tuple[Catalogue, list[TrueClip]]:
    import numpy as np

    from ops.evaluate.clips import clips_from_csv
    from processors.identify import Catalogue, CatalogueError
    from processors.training.clips import simulated_clips
    from processors.training.performances import PIANIST

    try:
        opened = Catalogue.open(catalogue)
        if clips is not None:
            return opened, list(clips_from_csv(clips, root or clips.parent, limit))
    except (CatalogueError, OSError, KeyError, ValueError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    count = min(simulated, limit or simulated)
    return opened, list(simulated_clips(opened, count, LENGTHS_S, PIANIST, np.random.default_rng(seed)))


def _variants(text: str) -> list[str]:
    from processors.training.variants import VARIANTS

    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or any(name not in VARIANTS for name in names):
        raise typer.BadParameter(f"Variants are {', '.join(VARIANTS)}.")
    return names


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("Measuring", total=total)
        yield lambda: bars.advance(task)


def _report(catalogue: Catalogue, clips: list[TrueClip], table: dict[str, Any], as_json: bool) -> None:
    import json

    result = {
        "works": len(catalogue),
        "notes": catalogue.notes,
        "bytes_per_note": round(catalogue.query_bytes / max(catalogue.notes, 1), 3),
        "clips": len(clips),
        "results": table,
    }
    if as_json:
        typer.echo(json.dumps(result))
        return
    from rich.console import Console
    from rich.pretty import Pretty

    Console().print(Pretty(result, expand_all=False))
