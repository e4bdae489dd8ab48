"""``continuo acl``: who may do what on the brokers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer

app = typer.Typer(help="Grant the roles of Continuo to users of your Kafka.", no_args_is_help=True)


class RoleName(StrEnum):
    """The roles of ``connectors.kafka_acls``."""

    PUBLISHER = "publisher"
    CURATOR = "curator"
    WORKER = "worker"
    SINK = "sink"
    READER = "reader"
    GATEWAY = "gateway"


RoleArgument = Annotated[
    RoleName,
    typer.Argument(
        help="publisher: clips and notes; curator: the catalogue; worker; sink: into Redis and ClickHouse; "
        "reader: all results; gateway: what HTTP clients may send, and all results."
    ),
]
User = Annotated[str, typer.Argument(help="A user of the brokers, as in the setting kafka.username.")]


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="acl")


@app.command()
def grant(role: RoleArgument, user: User) -> None:
    """Let a user do what a role does."""
    from connectors.kafka_acls import Acls
    from connectors.settings import Settings

    with _answered():
        Acls(Settings()).grant(role.value, user)
    typer.echo(f"{user} is a {role.value} now.")


@app.command()
def revoke(role: RoleArgument, user: User) -> None:
    """Take a role from a user."""
    from connectors.kafka_acls import Acls
    from connectors.settings import Settings

    with _answered():
        Acls(Settings()).revoke(role.value, user)
    typer.echo(f"{user} is no {role.value} any more.")


@app.command()
def show(user: User) -> None:
    """The roles that a user has."""
    from connectors.kafka_acls import Acls
    from connectors.settings import Settings

    with _answered():
        typer.echo(", ".join(Acls(Settings()).granted(user)) or f"{user} has no role.")


@contextmanager
def _answered() -> Iterator[None]:
    from connectors.kafka_acls import AclError

    try:
        yield
    except AclError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
