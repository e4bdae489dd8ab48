"""What was found in clips, out of Redis: known, asked for, or waited for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import cast

import redis.asyncio as redis
from redis.exceptions import RedisError

from connectors.settings import GatewaySettings, Settings
from connectors.telemetry import Metrics

from .cache import AnswerCache

CONNECTIONS = 16
NOTHING = b""


class StoreAwayError(RuntimeError):
    """Redis cannot be asked now."""


class BusyError(RuntimeError):
    """More is asked for at the same time than may be."""


class ClipResults:
    """Answers to clips as JSON text; used in the event loop.

    However many wait for however many clips, one question at a time goes to Redis for all of them.

    Args:
        limits: how long answers are kept and waited for.
        store: has the answers.
        key_of: the key of a clip's answer.
        metrics: told what the cache is worth, under ``name``.
    """

    def __init__(
        self, limits: GatewaySettings, store: redis.Redis, key_of: Callable[[str], str], metrics: Metrics, name: str
    ) -> None:
        self._limits = limits
        self._redis = store
        self._key_of = key_of
        self._hits, self._misses = (metrics.cache.labels(name, outcome) for outcome in ("hit", "miss"))
        self._known = AnswerCache(self._limits.cache_max_bytes, self._limits.cache_s)
        self._asked = AnswerCache(self._limits.cache_max_bytes, self._limits.poll_s)
        self._waiting: Counter[str] = Counter()
        self._polled = asyncio.Condition()
        self._poller: asyncio.Task[None] | None = None

    def known(self, clip_id: str) -> bytes | None:
        """The answer to a clip, if it is in memory."""
        answer = self._known.known(clip_id)
        (self._misses if answer is None else self._hits).inc()
        return answer

    async def of(self, clip_id: str, wait_s: float) -> bytes | None:
        """The answer to a clip; None where there is none after ``wait_s``.

        Raises:
            StoreAwayError: Redis does not answer.
            BusyError: too many clips are waited for.
        """
        known = self._known.known(clip_id) or await self._asked.get(clip_id, lambda: self._ask(clip_id))
        if known or wait_s <= 0:
            return known or None
        if clip_id not in self._waiting and len(self._waiting) >= self._limits.waiting:
            raise BusyError(f"{len(self._waiting)} clips are waited for already. Try again later.")
        self._waiting[clip_id] += 1
        try:
            async with asyncio.timeout(wait_s):
                return await self._wait(clip_id)
        except TimeoutError:
            return None
        finally:
            self._waiting[clip_id] -= 1
            if not self._waiting[clip_id]:
                del self._waiting[clip_id]

    async def close(self) -> None:
        """Stop asking."""
        if self._poller is not None:
            self._poller.cancel()

    async def _ask(self, clip_id: str) -> bytes:
        try:
            (text,) = await texts_of(self._redis, [self._key_of(clip_id)])
        except RedisError as error:
            raise StoreAwayError(f"Redis cannot be asked for answers: {error}.") from error
        if text:
            self._known.keep(clip_id, text)
        return text or NOTHING

    async def _wait(self, clip_id: str) -> bytes:
        while True:
            if self._poller is None or self._poller.done():
                self._poller = asyncio.create_task(self._poll())
            async with self._polled:
                await self._polled.wait()
            if known := self._known.known(clip_id):
                return known

    async def _poll(self) -> None:
        """Ask for all that is waited for, until nothing is."""
        while self._waiting:
            clip_ids = list(self._waiting)
            try:
                texts = await texts_of(self._redis, [self._key_of(clip_id) for clip_id in clip_ids])
            except RedisError:  # who waits may wait on: it may come back
                texts = [None] * len(clip_ids)
            for clip_id, text in zip(clip_ids, texts, strict=True):
                if text:
                    self._known.keep(clip_id, text)
            async with self._polled:
                self._polled.notify_all()
            await asyncio.sleep(self._limits.poll_s)


def redis_of(settings: Settings) -> redis.Redis:
    """A client with few connections, which are shared."""
    timeout_s = settings.redis.timeout_s
    pool: redis.BlockingConnectionPool = redis.BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=CONNECTIONS,
        timeout=timeout_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
    )
    return redis.Redis.from_pool(pool)


async def texts_of(store: redis.Redis, names: Sequence[str]) -> list[bytes | None]:
    """What the keys hold; raises ``RedisError``."""
    return cast(list[bytes | None], await store.mget(list(names)))  # the library's types tell of texts as well
