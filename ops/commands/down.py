"""``continuo down``: end the stack."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    app.command("down")(down)


def down() -> None:
    """End the stack that `continuo up` started; its data stays."""
    from connectors.settings import Settings
    from ops.stack.teardown import take_down

    settings = Settings()
    pid = take_down(settings)
    folder = settings.embedded.data_dir
    typer.echo(f"The stack in {folder} (process {pid}) has ended." if pid else f"No stack is up in {folder}.")
