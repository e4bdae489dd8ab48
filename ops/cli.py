"""The ``continuo`` command: joins the subcommands of ``ops/commands``."""

from __future__ import annotations

from typing import Any

import typer

from ops.commands import (
    acl,
    audit,
    beats,
    bench,
    bridge,
    bulk,
    catalogue,
    config,
    demo,
    down,
    evaluate,
    fpga,
    fuzz,
    identify,
    instruments,
    listen,
    publish,
    replay,
    report,
    search,
    sections,
    services,
    sql,
    status,
    token,
    up,
    worker,
)

BAD_SETTINGS = 2


class Commands(typer.core.TyperGroup):
    """The subcommands; settings that cannot be used are answered by a sentence, whichever was called."""

    def invoke(self, ctx: Any) -> object:
        try:
            return super().invoke(ctx)
        except ValueError as error:
            from connectors.settings import SettingsError

            if not isinstance(error, SettingsError):
                raise
            typer.echo(str(error), err=True)
            raise typer.Exit(BAD_SETTINGS) from error


app = typer.Typer(
    cls=Commands,
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
identify.register(app)
beats.register(app)
sections.register(app)
instruments.register(app)
search.register(app)
evaluate.register(app)
bench.register(app)
fuzz.register(app)
fpga.register(app)
demo.register(app)
up.register(app)
status.register(app)
down.register(app)
worker.register(app)
audit.register(app)
publish.register(app)
bulk.register(app)
bridge.register(app)
services.register(app)
token.register(app)
listen.register(app)
sql.register(app)
report.register(app)
replay.register(app)
acl.register(app)


if __name__ == "__main__":
    app()
