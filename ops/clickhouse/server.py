"""The embedded ClickHouse as a process: ``python -m ops.clickhouse.server --port P --path DIR``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from aiohttp import web

from connectors.settings import Settings

from .engine import Engine, EngineUnavailableError
from .http import ClickHouseHttp, HttpLimits

HOST = "127.0.0.1"
SHUTDOWN_S = 5.0


def main(
    port: Annotated[int, typer.Option(help="The port to listen on, on 127.0.0.1 only.")],
    path: Annotated[Path, typer.Option(help="The folder of the tables; created if missing.")],
) -> None:
    """Serve until SIGTERM or SIGINT. What an insert was told to be written survives a kill."""
    embedded = Settings().embedded
    limits = {
        "max_result_bytes": embedded.clickhouse_result_max_bytes,
        "max_memory_usage": embedded.clickhouse_query_max_bytes,
        "max_execution_time": embedded.clickhouse_query_timeout_s,
    }
    try:
        engine = Engine(path, limits)
    except EngineUnavailableError as error:
        sys.exit(str(error))
    http = ClickHouseHttp(engine, HttpLimits(embedded.clickhouse_body_max_bytes, embedded.clickhouse_statements))
    try:
        web.run_app(http.application(), host=HOST, port=port, print=None, shutdown_timeout=SHUTDOWN_S)
    except OSError as error:
        sys.exit(f"The embedded ClickHouse cannot listen on port {port}: {error.strerror}.")
    finally:
        engine.close()


if __name__ == "__main__":
    typer.run(main)
