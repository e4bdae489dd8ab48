"""Joins the routers of the gateway, with the access and the limits that all of them share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from connectors.blob_store import BlobStore
from connectors.http.invalid import explain_invalid_requests
from connectors.http.limits import LimitsMiddleware
from connectors.publisher import ClipMaker
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks import redis_keys as keys
from connectors.telemetry import Telemetry
from processors.triggers import Rules

from . import (
    analytics,
    beat_trigger,
    clips,
    health,
    live_notes,
    rhythm_mode,
    search,
    songs,
    sources,
    status,
    works,
)
from .access import Access
from .cached_answers import CachedAnswers
from .cached_searches import CachedSearches
from .live_feed import LiveFeed
from .page_files import PageFiles
from .publishing import AWAY, Publish
from .results import BusyError, ClipResults, StoreAwayError, redis_of
from .rhythm_mode import RhythmModes
from .search_results import SearchResults
from .status import Status

THREADS = 32
LATER = {"Retry-After": "1"}


def make_gateway(
    settings: Settings,
    publish: Publish,
    rules: Rules,
    codec: EventCodec | None = None,
    status_of: Status = dict,
    telemetry: Telemetry | None = None,
) -> FastAPI:
    """The gateway.

    Args:
        settings: limits, tokens, and where Kafka, Redis and the catalogue are.
        publish: delivers events.
        rules: of the triggers.
        codec: decodes events; one of its own by default.
        status_of: says how everything is.
        telemetry: told of caches and of clips that are published.
    """
    telemetry = telemetry or Telemetry.untold()
    limits = settings.gateway
    access = Access(limits)
    modes = RhythmModes(limits, publish, rules)
    codec = codec or EventCodec(settings)
    feed, found = LiveFeed(settings, codec), SearchResults(settings, codec)
    store, metrics = redis_of(settings), telemetry.metrics
    answers = ClipResults(limits, store, keys.clip, metrics, "clip answers")
    instruments = ClipResults(limits, store, keys.instruments, metrics, "instruments")

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # threads wait for Kafka here, they do not compute
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "gateway"))
        yield
        feed.close()
        found.close()
        await modes.close()
        await answers.close()
        await instruments.close()
        await store.aclose()

    app = FastAPI(
        title="Continuo gateway",
        description="Which music is this, where in it is the player, and what happens on its beats.",
        docs_url=None,  # the page that draws the documentation loads its scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.end_streams = feed.close
    searches = search.Searches(settings, publish, found, store)
    app.add_middleware(CachedSearches, access=access, searches=searches)
    app.add_middleware(LimitsMiddleware, max_bytes=limits.body_max_bytes, timeout_s=limits.timeout_s)
    app.add_middleware(CachedAnswers, access=access, results=answers)
    app.include_router(health.router(settings))
    app.include_router(status.router(access, feed, store, status_of))
    maker = ClipMaker(settings, BlobStore(settings), telemetry.tracer)
    app.include_router(clips.router(limits, access, maker, publish, answers, instruments))
    app.include_router(search.router(settings, access, maker, searches))
    app.include_router(sources.router(limits, access, feed, store))
    app.include_router(live_notes.router(limits, access, publish, settings.tracing))
    app.include_router(works.router(settings, access, telemetry.metrics))
    app.include_router(analytics.page_router())
    app.include_router(analytics.router(analytics.History(settings)), dependencies=access.needs("read"))
    rhythm = access.needs("rhythm")
    app.include_router(songs.router(settings), dependencies=rhythm)
    app.include_router(rhythm_mode.router(modes), dependencies=rhythm)
    app.include_router(beat_trigger.router(publish, rules), dependencies=rhythm)
    explain_invalid_requests(app)
    for kind in (*AWAY, StoreAwayError, BusyError):
        app.add_exception_handler(kind, _away)
    app.mount("/", PageFiles(), name="page")
    return app


async def _away(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503, LATER)
