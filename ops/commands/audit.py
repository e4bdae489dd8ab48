"""``continuo audit``: count what went in and what came out."""

from __future__ import annotations

from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    app.command("audit")(audit)


def audit(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    kafka_only: Annotated[bool, typer.Option("--kafka-only", help="Leave out Redis and ClickHouse.")] = False,
) -> None:
    """Count inputs, results and dead letters offset by offset, and what Redis and ClickHouse hold of them.

    Exits with 1 if anything is lost, 2 if it cannot be counted.
    """
    import json

    from redis import RedisError

    from connectors.clickhouse_client import ERRORS, ClickHouseUnavailableError
    from connectors.kafka_client import KafkaUnavailableError
    from connectors.registry import RegistryError
    from connectors.settings import Settings
    from ops.audit import run_audit
    from ops.audit.table import print_audit

    try:
        counted = run_audit(Settings(), stores=not kafka_only)
    except (KafkaUnavailableError, RegistryError, ClickHouseUnavailableError, RedisError, *ERRORS) as error:
        typer.echo(f"Nothing can be counted: {error}", err=True)
        raise typer.Exit(2) from error
    if as_json:
        typer.echo(json.dumps(counted.to_json()))
    else:
        print_audit(counted)
    if counted.lost:
        raise typer.Exit(1)
