"""Joins the routers of the gateway, with the limits that all of them share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from connectors.http.limits import LimitsMiddleware
from connectors.kafka_client import KafkaUnavailableError
from connectors.producer import DeliveryError
from connectors.registry import RegistryError
from connectors.settings import Settings
from processors.triggers import Rules

from . import beat_trigger, health, rhythm_mode, songs
from .publishing import Publish
from .rhythm_mode import RhythmModes
from .songs import SongAnalyser

AWAY = (KafkaUnavailableError, DeliveryError, RegistryError)


def make_gateway(settings: Settings, publish: Publish, rules: Rules) -> FastAPI:
    """The gateway.

    Args:
        settings: limits, and what ``/health`` tells.
        publish: delivers events.
        rules: of the triggers.
    """
    modes = RhythmModes(settings.gateway, publish, rules)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await modes.close()

    app = FastAPI(
        title="Continuo gateway",
        description="What is this song, and what happens on its beats.",
        docs_url=None,  # the page that draws the documentation loads its scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    app.add_middleware(
        LimitsMiddleware, max_bytes=settings.gateway.body_max_bytes, timeout_s=settings.gateway.timeout_s
    )
    app.include_router(health.router(settings))
    app.include_router(songs.router(SongAnalyser(settings)))
    app.include_router(rhythm_mode.router(modes))
    app.include_router(beat_trigger.router(publish, rules))
    for kind in AWAY:
        app.add_exception_handler(kind, _away)
    return app


async def _away(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, 503)
