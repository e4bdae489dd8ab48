"""``continuo evaluate search``: measure search by text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

USAGE = 2


def search(
    catalogue: Annotated[Path, typer.Option(help="A catalogue that was built from the manifest.")],
    manifest: Annotated[Path, typer.Option(help="Its CSV: path,title,composer.")],
    root: Annotated[Path | None, typer.Option(help="What its paths are relative to; else its folder.")] = None,
    fonts: Annotated[
        list[Path] | None,
        typer.Option("--font", help="Also search by sound, rendered with this SoundFont; repeatable."),
    ] = None,
    renders: Annotated[int, typer.Option(min=1, help="So many works are rendered.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the renders.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """nDCG@10 of 200 descriptive queries whose truth comes from the scores, beside BM25 and a plain text encoder.

    With SoundFonts also how often half a minute of sound finds its work, at another tempo.
    """
    import json

    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from connectors.search_requests import search_limits
    from connectors.settings import Settings
    from ops.evaluate.search import evaluate_search, load_collection
    from ops.evaluate.search_audio import evaluate_search_audio
    from processors.identify import CatalogueError
    from processors.search.engine import SearchEngine
    from processors.search.model import SearchModel
    from processors.search.text import TextEncoder, TextEncoderError

    settings = Settings()
    try:
        model = SearchModel(settings.models_dir)
        collection = load_collection(catalogue, manifest, root or manifest.parent, model)
    except (CatalogueError, TextEncoderError, OSError, KeyError) as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    result = evaluate_search(collection, model, TextEncoder(settings.models_dir))
    if fonts:
        engine = SearchEngine(collection.index, model, search_limits(settings.search))
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal) as bars:
            task = bars.add_task("Searching by sound", total=renders)
            result["audio"] = evaluate_search_audio(
                engine, manifest, root or manifest.parent, fonts, renders, seed, lambda: bars.advance(task)
            )
    if as_json:
        typer.echo(json.dumps(result))
        return
    table = Table("way", "graded", "strict", "held-out works only", box=None, header_style="dim")
    for name, values in result["ndcg"].items():
        table.add_row(name, *(f"{values[column]:.3f}" for column in ("graded", "strict", "held_out_works")))
    if fonts:
        Console().print(result["audio"])
    Console().print(f"{result['works']} works, {result['queries']} queries, nDCG@10", table)
