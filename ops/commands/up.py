"""``continuo up``: run the stack."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("up")(up)


def up(
    workers: Annotated[int, typer.Option(min=1, help="How many workers share the clips.")] = 1,
    detach: Annotated[
        bool,
        typer.Option("--detach", help="Return when everything is up; it runs on."),
    ] = False,
) -> None:
    """Run Kafka, the schema registry, Redis, ClickHouse and the workers until Ctrl-C or `continuo down`."""
    from connectors.settings import Settings
    from ops.stack import StackError
    from ops.stack.foreground import run_in_background, run_until_interrupted

    try:
        if detach:
            typer.echo(run_in_background(Settings(), workers))
        else:
            run_until_interrupted(Settings(), workers)
    except StackError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
