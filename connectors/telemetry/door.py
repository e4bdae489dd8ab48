"""The HTTP door of a worker: ``/metrics`` for Prometheus, ``/live`` and ``/ready`` for whoever runs it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from prometheus_client.exposition import choose_encoder

from connectors.settings import ObserveSettings

from . import Telemetry

REQUEST_TIMEOUT_S = 10.0
CONNECTIONS_MAX = 16
POLL_S = 0.1
"""How often is looked whether the door is to be closed."""


class ObserveError(RuntimeError):
    """The door cannot be opened; the message says why."""


class Door:
    """Answers while the context is open.

    Args:
        telemetry: what is told.
        settings: where to listen.

    Raises:
        ObserveError: the port is in use.
    """

    def __init__(self, telemetry: Telemetry, settings: ObserveSettings) -> None:
        try:
            self._server = _Server((settings.host, settings.port), telemetry)
        except OSError as error:
            raise ObserveError(
                f"The worker cannot tell its metrics on {settings.host}:{settings.port}: {error.strerror}. "
                "Choose another port by the setting observe.port; 0 takes any that is free."
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_S,), name="observe", daemon=True)

    @property
    def url(self) -> str:
        """Where its metrics are."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/metrics"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self._slots = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(address, _Handler)

    def process_request(self, request: object, client_address: object) -> None:
        self._slots.acquire()
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._slots.release()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_TIMEOUT_S
    server_version = "continuo"
    sys_version = ""

    def do_GET(self) -> None:
        telemetry = self.server.telemetry
        path = urlsplit(self.path).path
        if path == "/metrics":
            telemetry.metrics.ready.set(0 if telemetry.health.problems() else 1)
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._answer(200, content_type, encode(telemetry.metrics.registry))
        elif path == "/live":
            self._tell(telemetry.health.stuck())
        elif path == "/ready":
            self._tell(telemetry.health.problems(), waiting=telemetry.health.waiting())
        else:
            self._answer(404, "text/plain", b"There are /metrics, /live and /ready.\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: who asks asks often."""

    def _tell(self, problems: dict[str, str], **more: list[str]) -> None:
        body = json.dumps({"ok": not problems, "problems": problems, **more}).encode()
        self._answer(503 if problems else 200, "application/json", body)

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
