"""Runs an HTTP service until it is asked to stop."""

from __future__ import annotations

import threading

import uvicorn
from fastapi import FastAPI

from connectors.telemetry import Telemetry

from .measured import MeasuredMiddleware

BACKLOG = 128
MAX_CONNECTIONS = 256
MESSAGE_MAX_BYTES = 256 << 10
POLL_S = 0.2


def serve(
    app: FastAPI,
    host: str,
    port: int,
    stop: threading.Event,
    telemetry: Telemetry | None = None,
    connections: int = MAX_CONNECTIONS,
) -> None:
    """Serve ``app`` until ``stop`` is set. Streams that would last end then: ``app.state.end_streams`` is called.

    Args:
        telemetry: told of the requests, and when it answers.

    Raises:
        OSError: the port is in use.
    """
    if telemetry:
        app.add_middleware(MeasuredMiddleware, metrics=telemetry.metrics)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            limit_concurrency=connections,
            ws_max_size=MESSAGE_MAX_BYTES,
            timeout_graceful_shutdown=5,
        )
    )
    failures: list[BaseException] = []

    def work() -> None:
        try:
            server.run()
        except BaseException as error:  # uvicorn ends with SystemExit where it cannot listen
            failures.append(error)

    thread = threading.Thread(target=work, name="http")
    thread.start()
    while thread.is_alive() and not stop.wait(POLL_S):
        if telemetry and server.started:
            telemetry.health.has("start")
    server.should_exit = True
    getattr(app.state, "end_streams", lambda: None)()
    thread.join()
    if failures:
        raise OSError(f"The service cannot listen on {host}:{port}; is the port in use?") from failures[0]
