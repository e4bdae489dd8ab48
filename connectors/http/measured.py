"""Counts the requests of an HTTP service by its routes."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.telemetry import Metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Of what nobody serves: who asks for anything must not make a new metric each time."""


class MeasuredMiddleware:
    """Counts requests and times them. A stream counts when it ends."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, started = 500, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = _route(scope)
            method = scope["method"] if scope["method"] in METHODS else OTHER
            self._metrics.http_requests.labels(method, route, status).inc()
            self._metrics.http_seconds.labels(route).observe(time.perf_counter() - started)


def _route(scope: Scope) -> str:
    """The path of the route that answered, with the names of its parameters."""
    return str(getattr(scope.get("route"), "path", OTHER)) or OTHER
