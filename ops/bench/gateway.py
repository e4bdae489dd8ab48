"""``continuo bench gateway``: answers to clips that are in the gateway's memory, evenly asked for."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import orjson
import psutil
import redis

from connectors.settings import GatewaySettings, Settings
from connectors.sinks import redis_keys as keys
from ops.lone_gateway import lone_gateway
from ops.stack import Stack
from ops.stack.ports import HOST
from ops.stack.scratch import scratch_settings
from processors.identify import Catalogue
from schemas.events import Candidate, Match, Origin, Place

from .core_time import core_s
from .http_load import Load, get
from .quantiles import quantiles

CLIPS = 50
CANDIDATES = 5
CONNECTIONS = 32
SETTLE_S = 2.0
UNLIMITED = 1_000_000


def gateway(requests_per_s: float, seconds: float) -> dict[str, Any]:
    """Ask a gateway beside a Redis, both of its own.

    Args:
        requests_per_s: how often, over ``CONNECTIONS`` connections and ``CLIPS`` clips.
        seconds: for how long.

    Returns:
        Quantiles of the milliseconds from when a request was due to its answer, how many were refused, how many cores
        the gateway took, and how many a second it answers when all connections ask without a pause (``most_per_s``).
    """
    with tempfile.TemporaryDirectory(prefix="continuo-bench-") as folder:
        limits = GatewaySettings(requests_per_s=UNLIMITED)
        settings = scratch_settings(Path(folder)).model_copy(update={"gateway": limits})
        Catalogue.update(settings.catalogue_dir)
        with Stack(settings, ("redis",)), lone_gateway(settings) as server:
            port = settings.embedded.gateway_port
            asked = [get(HOST, port, path) for path in _put_answers(settings)]
            process = psutil.Process(server.pid)
            return asyncio.run(_measure(port, asked, process, requests_per_s, seconds))


async def _measure(
    port: int, asked: list[bytes], process: psutil.Process, requests_per_s: float, seconds: float
) -> dict[str, Any]:
    await Load(HOST, port, asked, CONNECTIONS).steady(requests_per_s, SETTLE_S)
    steady, before_s = Load(HOST, port, asked, CONNECTIONS), core_s(process)
    await steady.steady(requests_per_s, seconds)
    after_s = core_s(process)
    most_per_s = await Load(HOST, port, asked, CONNECTIONS).flat_out(SETTLE_S)
    return quantiles([1000.0 * took_s for took_s in steady.timings_s]) | {
        "refused": steady.refused,
        "gateway_cores": round((after_s - before_s) / seconds, 3),
        "most_per_s": round(most_per_s),
    }


def _put_answers(settings: Settings) -> list[str]:
    """Answers as the Redis sink keeps them, and the paths by which they are asked for."""
    with redis.Redis.from_url(settings.redis_url) as store:
        for number in range(CLIPS):
            store.set(keys.clip(f"clip-{number}"), orjson.dumps(_answer(number)))
    return [f"/api/clips/clip-{number}" for number in range(CLIPS)]


def _answer(number: int) -> Match:
    candidates = tuple(
        Candidate(
            work_id=f"composer/work-{rank}.mid",
            title=f"Work number {rank}",
            composer="A Composer",
            path=f"composer/work-{rank}.mid",
            confidence=0.9 / (1 + rank),
            ref_start_s=31.4,
            ref_end_s=39.0,
            transposition=2,
            tempo_ratio=1.12,
            score=12.5,
            matched_notes=64,
            places=(Place(31.4, 39.0),),
        )
        for rank in range(CANDIDATES)
    )
    return Match(
        source_id="bench",
        origin=Origin("clips", 0, number),
        made_by="bench",
        kind="clip",
        clip_id=f"clip-{number}",
        status="matched",
        candidates=candidates,
        notes_heard=64,
    )
