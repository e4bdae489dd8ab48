"""Answers as bytes, kept for a while; what several ask for at once is made once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable

from cachetools import TTLCache

from connectors.telemetry import CacheCount


class AnswerCache:
    """Used in the event loop.

    Args:
        max_bytes: how much is kept.
        seconds: for how long.
        count: told whether what was asked for was there.
    """

    def __init__(self, max_bytes: int, seconds: float, count: CacheCount | None = None) -> None:
        self._count = count
        self._max_bytes = max_bytes
        self._kept: TTLCache[Hashable, bytes] = TTLCache(max_bytes, seconds, getsizeof=len)
        self._making: dict[Hashable, asyncio.Task[bytes]] = {}

    def known(self, key: Hashable) -> bytes | None:
        """What is kept for ``key``."""
        answer = self._kept.get(key)
        if self._count is not None:
            self._count.asked(hit=answer is not None)
        return answer

    def keep(self, key: Hashable, answer: bytes) -> None:
        """Keep an answer, unless it is larger than all that may be kept."""
        if len(answer) <= self._max_bytes:
            self._kept[key] = answer

    async def get(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        """What is kept for ``key``; otherwise what ``make`` gives, which is then kept.

        Raises:
            Exception: that of ``make``; all who wait get it, and nothing is kept.
        """
        answer = self.known(key)
        if answer is not None:
            return answer
        making = self._making.get(key)
        if making is None:
            making = self._making[key] = asyncio.create_task(self._make(key, make))
        return await asyncio.shield(making)  # one who no longer waits must not take it from the others

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[bytes]]) -> bytes:
        try:
            answer = await make()
            self.keep(key, answer)
            return answer
        finally:
            del self._making[key]
