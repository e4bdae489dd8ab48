"""``continuo evaluate sections``: measure boundaries and labels of sections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

USAGE = 2
WAYS = ("offline", "baselines", "causal")


def sections(
    pop909: Annotated[Path, typer.Option(help="The folder with NNN.mid, NNN.beats.txt and NNN.sections.txt.")],
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many songs.")] = None,
    ways: Annotated[str, typer.Option(help="Which of offline,baselines,causal; with commas.")] = ",".join(WAYS),
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Sections of the POP909 songs whose number ends in 0, offline and causal, beside simple baselines."""
    import json

    from rich.console import Console
    from rich.pretty import Pretty

    from ops.evaluate.sections import evaluate_sections

    chosen = [way.strip() for way in ways.split(",") if way.strip()]
    if not chosen or any(way not in WAYS for way in chosen):
        raise typer.BadParameter(f"Ways are {', '.join(WAYS)}.")
    try:
        result = evaluate_sections(pop909, limit, chosen)
    except OSError as error:
        typer.echo(f"This cannot be measured: {error}", err=True)
        raise typer.Exit(USAGE) from error
    if as_json:
        typer.echo(json.dumps(result))
    else:
        Console().print(Pretty(result, expand_all=False))
