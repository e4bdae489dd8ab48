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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """nDCG@10 of 200 descriptive queries whose truth comes from the scores, beside BM25 and a plain text encoder."""
    import json

    from rich.console import Console
    from rich.table import Table

    from connectors.settings import Settings
    from ops.evaluate.search import evaluate_search, load_collection
    from processors.identify import CatalogueError
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
    if as_json:
        typer.echo(json.dumps(result))
        return
    table = Table("way", "graded", "strict", "held-out works only", box=None, header_style="dim")
    for name, values in result["ndcg"].items():
        table.add_row(name, *(f"{values[column]:.3f}" for column in ("graded", "strict", "held_out_works")))
    Console().print(f"{result['works']} works, {result['queries']} queries, nDCG@10", table)
