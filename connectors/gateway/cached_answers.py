"""The short way for what is asked most: answers to clips that are in memory already."""

from __future__ import annotations

from types import SimpleNamespace

from starlette.types import ASGIApp, Receive, Scope, Send

from .access import Access
from .results import ClipResults
from .short_way import ShortWay

PREFIX = "/api/clips/"
ROUTE = SimpleNamespace(path=PREFIX + "{clip_id}")


class CachedAnswers(ShortWay):
    """Answers ``GET /api/clips/CLIP_ID`` where the answer is known and may be given; all else goes the long way."""

    def __init__(self, app: ASGIApp, access: Access, results: ClipResults) -> None:
        super().__init__(app, access)
        self._results = results

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._known(scope)
        if answer is not None and self._may_read(scope):
            await self._give(answer, ROUTE, scope, send)
        else:
            await self._app(scope, receive, send)

    def _known(self, scope: Scope) -> bytes | None:
        if scope["type"] != "http" or scope["method"] != "GET" or not scope["path"].startswith(PREFIX):
            return None
        clip_id = scope["path"].removeprefix(PREFIX)
        return None if "/" in clip_id else self._results.known(clip_id)
