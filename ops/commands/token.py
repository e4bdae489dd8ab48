"""``continuo token``: someone who may use the gateway."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

SECRET_BYTES = 32


class Scope(StrEnum):
    """What a token may do."""

    READ = "read"
    PUBLISH = "publish"
    RHYTHM = "rhythm"


def register(app: typer.Typer) -> None:
    app.command("token")(token)


def token(
    name: Annotated[str, typer.Argument(help="Who uses it.")],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(help="read: ask and follow; publish: clips and notes; rhythm: its API."),
    ] = None,
    per_s: Annotated[int, typer.Option(min=1, help="How many requests a second it may ask.")] = 100,
) -> None:
    """Make a token for the gateway: the secret, shown once, and what belongs into the settings."""
    import secrets

    import yaml

    from connectors.gateway.access import hash_of

    secret = secrets.token_urlsafe(SECRET_BYTES)
    scopes = [str(each) for each in scope or [Scope.READ]]
    entry = {"name": name, "sha256": hash_of(secret), "scopes": scopes, "requests_per_s": per_s}
    typer.echo(f"The token, which is kept nowhere: {secret}\n", err=True)
    typer.echo(yaml.safe_dump({"gateway": {"tokens": [entry]}}, sort_keys=False), nl=False)
