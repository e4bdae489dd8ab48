"""``/api/status`` and ``/ready``: how everything behind the gateway is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

import orjson
import redis.asyncio as redis
from fastapi import APIRouter, Response
from pydantic import BaseModel, Field
from redis.exceptions import RedisError

from .access import Access
from .cache import AnswerCache
from .live_feed import LiveFeed

Status: TypeAlias = Callable[[], dict[str, Any]]
"""Asks the servers and workers how they are; may take a second, and may be called from any thread."""

KEPT_S = 2.0
KEPT_BYTES = 4 << 20


class Readiness(BaseModel):
    """Whether the gateway can do its work."""

    ready: bool
    problems: list[str] = Field(description="What is missing, in sentences.")


def router(access: Access, feed: LiveFeed, store: redis.Redis, status: Status) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["health"])
    cache = AnswerCache(KEPT_BYTES, KEPT_S)

    @api.get("/ready", responses={503: {"model": Readiness}})
    async def ready(response: Response) -> Readiness:
        """Kafka's topics are read and Redis answers, or else 503; what needs neither is served all the same."""
        feed.start()
        problems = [feed.problem] if feed.problem else []
        try:
            await store.ping()
        except RedisError as error:
            problems.append(f"Redis does not answer: {error}.")
        response.status_code = 503 if problems else 200
        return Readiness(ready=not problems, problems=problems)

    @api.get("/api/status", dependencies=access.needs("read"))
    async def everything() -> Response:
        """Servers and workers with their health, consumer groups with members and lag; at most two seconds old."""

        async def ask() -> bytes:
            return orjson.dumps(await asyncio.to_thread(status))

        return Response(await cache.get("status", ask), media_type="application/json")

    return api
