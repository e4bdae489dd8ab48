"""``continuo worker``: one worker process."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def worker(
    name: Annotated[
        str, typer.Argument(help="What it does, such as clips, live or triggers; `continuo status` lists them.")
    ],
) -> None:
    """Run one worker until it is asked to stop; `continuo up` runs them all."""
    from ops.workers import WORKERS, main

    if name not in WORKERS:
        typer.echo(f"There is no worker {name!r}; there are {', '.join(WORKERS)}.", err=True)
        raise typer.Exit(2)
    raise typer.Exit(main(name))
