"""Limits of a request: how large its body may be, and how long it may take."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class LimitsMiddleware:
    """Answers 413 to bodies over ``max_bytes``, also to those that do not say how long they are, and 504 after
    ``timeout_s``. Event streams may last."""

    def __init__(self, app: ASGIApp, max_bytes: int, timeout_s: float) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        said = dict(scope["headers"]).get(b"content-length", b"0")
        if said.isdigit() and int(said) > self._max_bytes:
            await self._refuse(413, f"The body has {int(said)} bytes; {self._max_bytes} are allowed.", scope, send)
            return
        heard, started = 0, False

        async def counted() -> Message:
            nonlocal heard
            message = await receive()
            heard += len(message.get("body", b""))
            if heard > self._max_bytes:
                raise HTTPException(413, f"The body has more than the {self._max_bytes} bytes allowed.")
            return message

        async def noted(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start" and _is_stream(message):
                limit.reschedule(None)
            await send(message)

        try:
            async with asyncio.timeout(self._timeout_s) as limit:
                await self._app(scope, counted, noted)
        except TimeoutError:
            if not started:
                await self._refuse(504, f"It took longer than {self._timeout_s:g} s.", scope, send)

    async def _refuse(self, status: int, reason: str, scope: Scope, send: Send) -> None:
        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        await JSONResponse({"detail": reason}, status)(scope, nothing, send)


def _is_stream(message: Message) -> bool:
    kind = dict(message.get("headers", ())).get(b"content-type", b"")
    return bool(kind.startswith(b"text/event-stream"))
