"""``continuo fuzz``: damaged input of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("fuzz")(fuzz)


def fuzz(
    kind: Annotated[str, typer.Argument(help="midi, audio, avro, index, http, or all.")],
    inputs: Annotated[int, typer.Option(min=1, max=100_000_000, help="How many, of each kind.")] = 50_000,
    seed: Annotated[int, typer.Option(help="Chooses the damage.")] = 0,
    keep: Annotated[Path | None, typer.Option(help="A folder for the inputs that were found.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a kind.")] = False,
) -> None:
    """Feed damaged files, records, index files and requests to the code that meets them first.

    Exit code 1: something crashed, took more than two seconds, or raised what it should not.
    """
    from ops.fuzz import KINDS
    from ops.fuzz import fuzz as run
    from ops.fuzz.http import HTTP, fuzz_http

    if kind not in (*KINDS, HTTP, "all"):
        typer.echo(f"There is no kind {kind!r}; there are {', '.join((*KINDS, HTTP, 'all'))}.", err=True)
        raise typer.Exit(2)

    def tell(line: str) -> None:
        typer.echo(line, err=True)

    count = 0
    for name in (*KINDS, HTTP) if kind == "all" else (kind,):
        found = fuzz_http(inputs, seed, tell) if name == HTTP else run(name, inputs, seed, keep, tell)
        count += found.count
        typer.echo(json.dumps(found.to_json()) if as_json else str(found))
    raise typer.Exit(1 if count else 0)
