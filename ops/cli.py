"""The ``continuo`` command: joins the subcommands of ``ops/commands``."""

from __future__ import annotations

import typer

from ops.commands import catalogue, config, down, status, up, worker

app = typer.Typer(
    name="continuo",
    help="Recognises music while it is played.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def continuo() -> None:
    """Recognises music while it is played."""


catalogue.register(app)
config.register(app)
up.register(app)
status.register(app)
down.register(app)
worker.register(app)


if __name__ == "__main__":
    app()
