"""``/api/sources``: who plays, what is said of it as it is said, and live notes in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import redis.asyncio as redis
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel, Field
from redis.exceptions import RedisError

from connectors.settings import GatewaySettings
from connectors.sinks import redis_keys as keys

from .access import Access
from .live_feed import LiveFeed
from .results import texts_of

SOURCES_MAX = 200


class Source(BaseModel):
    """Someone who plays, or has published a clip."""

    source_id: str
    seen_ms: int = Field(description="When something was last said of it, milliseconds since the epoch.")
    live: bool = Field(description="Whether it plays live: beats were heard.")


def router(limits: GatewaySettings, access: Access, feed: LiveFeed, store: redis.Redis) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["sources"], dependencies=access.needs("read"))

    @api.get("/api/sources")
    async def sources() -> list[Source]:
        """The sources of which something was said lately, newest first."""
        return [Source.model_validate(asdict(seen)) for seen in feed.sources(SOURCES_MAX)]

    @api.get("/api/sources/{source_id:path}/events", response_class=StreamingResponse, responses=STREAM)
    async def events(source_id: str) -> Response:
        """What is said of a source, as server-sent events: first what is known, then what comes.

        `match`, `beat`, `section`, `trigger` and `error` carry the events of their topics as JSON; `lost` says how many
        events were dropped because they were read too slowly.
        """
        if feed.streams >= limits.streams:
            raise HTTPException(503, f"{feed.streams} streams are open, as many as may.", {"Retry-After": "5"})
        follower = feed.follow(source_id)

        async def stream() -> AsyncIterator[bytes]:
            try:
                yield await _known(store, source_id)
                async for event in follower.events():
                    yield event
            finally:
                feed.leave(source_id, follower)

        return StreamingResponse(stream(), media_type="text/event-stream", headers=UNBUFFERED)

    return api


async def _known(store: redis.Redis, source_id: str) -> bytes:
    """The newest of each kind that Redis holds, as events of a stream. It does without where Redis is away."""
    names = {"match": keys.answer(source_id)} | {kind: keys.now(kind, source_id) for kind in keys.NOW.values()}
    try:
        texts = await texts_of(store, list(names.values()))
    except RedisError:
        texts = [None] * len(names)
    known = [(kind, text) for kind, text in zip(names, texts, strict=True) if text]
    hello = format_sse_event(event="hello", data_str="{}")
    return hello + b"".join(format_sse_event(event=kind, data_str=text.decode()) for kind, text in known)


UNBUFFERED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {"example": 'event: beat\ndata: {"number": 17, "position": 1}\n\n'}}}
}
