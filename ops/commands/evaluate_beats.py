"""``continuo evaluate beats``: measure beats against annotations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

USAGE = 2


def beats(
    data: Annotated[Path, typer.Option(help="The folder with asap/ and pop909/.")],
    sets: Annotated[str, typer.Option("--sets", help="Which of asap,pop909; with commas.")] = "asap,pop909",
    catalogue: Annotated[Path | None, typer.Option(help="Known music: the works may be found in this one.")] = None,
    fonts: Annotated[list[Path] | None, typer.Option("--font", help="Hear it rendered with a SoundFont.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Beats from the whole file, not causal.")] = False,
    seconds: Annotated[float, typer.Option(min=1.0, help="Only so much of each file.")] = float("inf"),
    engine: Annotated[
        str,
        typer.Option(help="onnx: the whole network; hls4ml, rtl, float:FOLDER, trained:FOLDER: a small one for FPGAs."),
    ] = "onnx",
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many files of each set, drawn at random.")] = None,
    seed: Annotated[int, typer.Option(help="Of what is random.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """F-measures of beats and downbeats, within 70 ms, from the first beat on; causal, or --offline."""
    import json

    import numpy as np
    from rich.console import Console
    from rich.pretty import Pretty
    from rich.progress import Progress

    from ops.beat_engines import NoEngineError, beat_network
    from ops.evaluate.beat_files import asap_files, pop909_files
    from ops.evaluate.beats import evaluate_beats
    from processors.beats import OfflineBeats
    from processors.identify import Catalogue, CatalogueError, Identifier

    readers = {"asap": asap_files, "pop909": pop909_files}
    if offline and catalogue is not None:
        raise typer.BadParameter("Works are recognised as they are played: leave out --offline, or --catalogue.")
    names = [name.strip() for name in sets.split(",") if name.strip()]
    if not names or any(name not in readers for name in names):
        raise typer.BadParameter(f"Sets are {', '.join(readers)}.")
    try:
        files = {name: readers[name](data) for name in names}
        identifier = None if catalogue is None else Identifier(Catalogue.open(catalogue))
    except (CatalogueError, OSError, KeyError, ValueError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    for name, found in files.items():
        order = np.random.default_rng(seed).permutation(len(found))[:limit]
        files[name] = [found[k] for k in sorted(order.tolist())]
    try:
        network = beat_network(engine)
    except NoEngineError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(USAGE) from error
    whole = OfflineBeats() if offline else None
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task("Measuring", total=sum(len(found) for found in files.values()))
        results = {
            name: evaluate_beats(
                found, network, identifier, fonts or [], seconds, seed, whole, lambda: bars.advance(task)
            )
            for name, found in files.items()
        }
    result = {
        "network": network.version,
        "engine": engine,
        "known": catalogue is not None,
        "offline": offline,
        "results": results,
    }
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result, expand_all=True))
