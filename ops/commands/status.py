"""``continuo status``: look at the stack."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("status")(status)


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show each part's health, the topics, and the consumer groups with members and lag. Exit code 1: not healthy."""
    import json

    from rich.console import Console

    from connectors.settings import Settings
    from ops.stack.report import StackReporter
    from ops.stack.tables import groups_table, parts_table, topics_table

    found = StackReporter(Settings()).report()
    if as_json:
        typer.echo(json.dumps(found.as_json()))
    else:
        console = Console()
        console.print(parts_table(found.parts))
        if found.topics:
            console.print()
            console.print(topics_table(found.topics))
        if found.groups:
            console.print()
            console.print(groups_table(found.groups))
        if found.supervisor is None:
            console.print("\nNo stack is up here. Start one with `continuo up`.", highlight=False)
    raise typer.Exit(0 if found.healthy else 1)
