"""``continuo config``: the settings in force."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("config")(config)


def config(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of YAML.")] = False,
) -> None:
    """Print the settings in force: the file, environment variables over it. Secrets stay hidden."""
    import json

    import yaml

    from connectors.secret_values import Redactor
    from connectors.settings import Settings, settings_file

    settings = Settings()
    hidden = Redactor(settings).text  # also passwords within URLs that are no secrets as a whole
    values = settings.model_dump(mode="json")
    if as_json:
        typer.echo(hidden(json.dumps(values)))
        return
    origin = settings_file()
    typer.echo(f"# {origin if origin.exists() else f'{origin} does not exist: defaults and environment'}")
    typer.echo(hidden(yaml.safe_dump(values, sort_keys=False)), nl=False)
