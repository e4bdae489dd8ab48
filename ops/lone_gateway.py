"""A gateway with a Redis but without Kafka, in a process of its own: what it would publish is thrown away."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

import httpx

from connectors.settings import Settings
from ops.stack.ports import HOST

STOP_S = 10.0
POLL_S = 0.1


@contextmanager
def lone_gateway(settings: Settings) -> Iterator[BaseProcess]:
    """Its process, while it answers; ``settings.catalogue_dir`` must hold a catalogue."""
    spawn = multiprocessing.get_context("spawn")
    stop = spawn.Event()
    server = spawn.Process(target=_serve, args=(settings, stop), daemon=True)
    server.start()
    try:
        _wait(settings, server)
        yield server
    finally:
        stop.set()
        server.join(STOP_S)
        server.kill()


def _wait(settings: Settings, server: BaseProcess) -> None:
    deadline = time.monotonic() + settings.embedded.start_timeout_s
    with httpx.Client(trust_env=False) as client:
        while True:
            try:
                client.get(f"{settings.gateway_url}health")
                return
            except httpx.HTTPError:
                if time.monotonic() > deadline or not server.is_alive():
                    raise
            time.sleep(POLL_S)


def _serve(settings: Settings, stop: Any) -> None:
    import logging

    import structlog

    from connectors.gateway import make_gateway
    from connectors.http.server import serve
    from connectors.telemetry import Telemetry
    from processors.triggers import Rules

    # it would tell every second that there is no Kafka
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    ended = threading.Event()

    def wait() -> None:
        stop.wait()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    app = make_gateway(settings, lambda *_: None, Rules.load(None))
    serve(app, HOST, settings.embedded.gateway_port, ended, Telemetry.untold(), settings.gateway.connections)
