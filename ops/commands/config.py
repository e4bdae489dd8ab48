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

    from connectors.settings import Settings, settings_file

    values = Settings().model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values))
        return
    origin = settings_file()
    typer.echo(f"# {origin if origin.exists() else f'{origin} does not exist: defaults and environment'}")
    typer.echo(yaml.safe_dump(values, sort_keys=False), nl=False)
