"""``/search/text``, ``/search/audio``, ``/search/hybrid``, ``/search/similar``: works by words, by music, by both.

A search goes onto Kafka and its result comes back from there. Answers are kept in Redis for all gateways, and for
moments in memory; what several ask at the same time is searched for once, also by several gateways.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import orjson
import redis.asyncio as redis
import structlog
from cachetools import LRUCache
from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel
from redis.exceptions import RedisError

from connectors.publisher import ClipMaker
from connectors.settings import Settings
from connectors.sinks import redis_keys as keys
from processors.search.limits import MODES, Mode
from schemas import topics
from schemas.search import SearchQuery, SearchResult

from .access import Access
from .cache import AnswerCache
from .publishing import Publish
from .results import texts_of
from .search_bodies import SearchBody, read_query
from .search_results import SearchResults

JSON = "application/json"
POLL_S = 0.02
LATER = {"Retry-After": "1"}
BODIES_KEPT = 2_000
BODY_MAX_BYTES = 4 << 10
"""Longer requests are not remembered word for word."""
STATUS = {"too_late": 504, "internal_error": 500}
"""HTTP status of failures that are not the request's own."""

log = structlog.get_logger(__name__)


class WorkFound(BaseModel):
    """A work that answers."""

    work_id: str
    title: str
    composer: str
    path: str
    score: float
    performance: float
    key: str
    tempo_bpm: float | None
    instruments: list[str]


class SearchAnswer(BaseModel):
    """The answer to a search, best work first."""

    mode: Mode
    made_by: str
    works: list[WorkFound]


class SearchFailedError(RuntimeError):
    """A search was answered by a failure."""

    def __init__(self, type: str, message: str) -> None:
        super().__init__(message)
        self.status = STATUS.get(type, 422)


class Searches:
    """Answers queries; used in the event loop."""

    def __init__(self, settings: Settings, publish: Publish, results: SearchResults, store: redis.Redis) -> None:
        self._settings = settings.search
        self._publish = publish
        self._results = results
        self._redis = store
        self._known = AnswerCache(settings.gateway.cache_max_bytes, settings.gateway.cache_s)
        self._same: LRUCache[tuple[Mode, bytes], bytes] = LRUCache(BODIES_KEPT)

    def known(self, mode: Mode, body: bytes) -> bytes | None:
        """The answer to a request whose very bytes were answered before, if it is in memory and still true."""
        same = self._same.get((mode, body))
        return None if same is None else self._known.known(keys.search(same.hex(), self._results.made_by))

    def remember(self, mode: Mode, body: bytes, same: bytes) -> None:
        """What is the ``same`` of a request that could be answered: the next one like it need not be understood."""
        if len(body) <= BODY_MAX_BYTES:
            self._same[mode, body] = same

    async def answer(self, query: SearchQuery, same: bytes) -> bytes:
        """The answer as JSON text.

        Args:
            query: as it is published if nobody has asked the same lately.
            same: what queries with the same answer share.

        Raises:
            TimeoutError: there was none in time.
            SearchFailedError: it failed.
            KafkaUnavailableError, DeliveryError, RegistryError, BusyError: it cannot be asked now.
        """
        # a new state of the index has new answers
        key = keys.search(same.hex(), self._results.made_by)
        return await self._known.get(key, lambda: self._shared(key, query))

    async def _shared(self, key: str, query: SearchQuery) -> bytes:
        """The answer out of Redis, or made and put there; one gateway makes it while the others wait."""
        expiry_ms = round(self._settings.timeout_s * 1000)
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                while True:
                    (known,) = await texts_of(self._redis, [key])
                    if known:
                        return known
                    if await self._redis.set(f"{key}:asked", query.query_id, nx=True, px=expiry_ms):
                        break
                    await asyncio.sleep(POLL_S)
        except RedisError as error:
            log.warning("searching without the cache", reason=str(error))
            return await self._asked(query)
        try:
            made = await self._asked(query)
            await self._put(key, made)
            return made
        finally:
            await self._release(f"{key}:asked")

    async def _asked(self, query: SearchQuery) -> bytes:
        future = await self._results.listen(query.query_id)
        try:
            await asyncio.to_thread(self._publish, topics.QUERIES.name, [query])
            async with asyncio.timeout(self._settings.timeout_s):
                result = await future
        finally:
            self._results.forget(query.query_id)
        if result.error is not None:
            raise SearchFailedError(result.error.type, result.error.message)
        return _answer_of(query, result)

    async def _put(self, key: str, made: bytes) -> None:
        try:
            await self._redis.set(key, made, ex=self._settings.cache_expiry_s)
        except RedisError as error:
            log.warning("a result was not kept", reason=str(error))

    async def _release(self, lock: str) -> None:
        try:
            await self._redis.delete(lock)
        except RedisError as error:
            log.warning("others wait until the lock has expired", reason=str(error))


def _answer_of(query: SearchQuery, result: SearchResult) -> bytes:
    works = [dataclasses.asdict(work) for work in result.works]
    return orjson.dumps({"mode": query.mode, "made_by": result.made_by, "works": works})


def router(settings: Settings, access: Access, maker: ClipMaker, searches: Searches) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["search"], dependencies=access.needs("read"))

    async def answer(request: Request, mode: Mode) -> Response:
        query, same = await read_query(request, mode, settings.search, maker)
        try:
            answered = Response(await searches.answer(query, same), media_type=JSON)
        except SearchFailedError as error:
            raise HTTPException(error.status, str(error)) from error
        except TimeoutError as error:
            seconds = settings.search.timeout_s
            raise HTTPException(504, f"There was no result within {seconds:g} s; does a search worker run?") from error
        if request.headers.get("content-type") == JSON:
            searches.remember(mode, await request.body(), same)
        return answered

    def route(mode: Mode) -> None:
        async def search(request: Request) -> Response:
            return await answer(request, mode)

        search.__doc__ = _DESCRIPTIONS[mode]
        api.add_api_route(
            f"/search/{mode}",
            search,
            methods=["POST"],
            name=f"search_{mode}",
            response_model=SearchAnswer,
            openapi_extra=_body(mode),
        )

    for mode in MODES:
        route(mode)
    return api


_DESCRIPTIONS: dict[Mode, str] = {
    "text": "Works that a text describes.",
    "audio": "Works that are like music: a performance of the same work first.",
    "hybrid": "Works that a text describes and that are like music.",
    "similar": "More like a work of the catalogue.",
}


def _body(mode: Mode) -> dict[str, Any]:
    schema = SearchBody.model_json_schema()
    content: dict[str, Any] = {JSON: {"schema": schema}}
    if mode in ("audio", "hybrid"):
        upload = {"type": "string", "format": "binary", "description": "A sound or MIDI file."}
        form = {**schema, "properties": {**schema["properties"], "audio": upload}}
        content["multipart/form-data"] = {"schema": form}
    return {"requestBody": {"required": True, "content": content}}
