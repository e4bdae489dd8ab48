"""``continuo bench search``: the index with made vectors, and searches through Kafka and over HTTP."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import orjson
import psutil

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.settings import GatewaySettings, Settings
from ops.stack.ports import HOST
from schemas import topics
from schemas.search import SearchQuery, SearchResult

from .http_load import Load, post
from .quantiles import quantiles
from .rig import Rig, rig
from .search_index import bench_search_index

SIZES = (10_000, 1_000_000)
TEXTS = (
    "a slow piece in a minor key",
    "lively dance in triple time",
    "choir without instruments",
    "chromatic music with thick chords",
    "a short cheerful tune",
)
CONNECTIONS = 32
PACE_S = 0.05
WAIT_S = 30.0
SETTLE_S = 2.0
UNLIMITED = 1_000_000


def search(queries: int, requests_per_s: float, seconds: float, sizes: Sequence[int]) -> dict[str, Any]:
    """Measure all of it.

    Returns:
        ``index``: for each size, latency of one search on one thread, recall and memory; ``topic``: milliseconds from a
        text query's event to its result's; ``cached``: milliseconds from when a request for a cached search was due
        to its answer, and how many a second are answered when ``CONNECTIONS`` ask without a pause; ``worker_bytes``.
    """
    index = [bench_search_index(count) for count in sizes]
    with rig(("kafka", "registry", "redis"), ("search", "gateway"), _open) as made:
        worker = made.stack.part("search").pid
        assert worker is not None
        return {
            "index": index,
            "topic": _through_topic(made, queries),
            "cached": asyncio.run(_cached(made, requests_per_s, seconds)),
            "worker_bytes": psutil.Process(worker).memory_info().rss,
        }


def _open(settings: Settings) -> Settings:
    limits = {"requests_per_s": UNLIMITED, "connections": UNLIMITED}
    return settings.model_copy(update={"gateway": GatewaySettings.model_validate(limits)})


def _through_topic(made: Rig, count: int) -> dict[str, Any]:
    """Queries one after another; texts differ, so that each is encoded."""
    latencies_ms: list[float] = []
    with (
        EventReader(made.settings, made.codec, [topics.RESULTS.name], "latest") as reader,
        EventProducer(made.settings, made.codec) as producer,
    ):
        for number in range(count + 1):
            text = f"{TEXTS[number % len(TEXTS)]}, number {number}"
            query = SearchQuery(source_id=f"bench-{number % 8}", query_id=str(uuid.uuid4()), mode="text", query=text)
            producer.send(topics.QUERIES.name, query)
            producer.flush()
            deadline = time.monotonic() + WAIT_S
            while time.monotonic() < deadline:
                received = reader.poll(PACE_S)
                if received and isinstance(received.event, SearchResult) and received.event.query_id == query.query_id:
                    if number:  # the first one warms the way
                        latencies_ms.append(received.event.latency_ms)
                    break
            time.sleep(PACE_S)
    return quantiles(latencies_ms) | {"unanswered": count - len(latencies_ms)}


async def _cached(made: Rig, requests_per_s: float, seconds: float) -> dict[str, Any]:
    settings = made.settings
    bodies = [orjson.dumps({"query": text, "top_k": 10}) for text in TEXTS]
    async with httpx.AsyncClient(base_url=settings.gateway_url, timeout=WAIT_S, trust_env=False) as client:
        for body in (*bodies, *bodies):  # the second time under the state of the index that the first one told
            (await client.post("/search/text", content=body)).raise_for_status()
    port = settings.embedded.gateway_port
    requests = [post(HOST, port, "/search/text", body) for body in bodies]
    await Load(HOST, port, requests, CONNECTIONS).steady(requests_per_s, SETTLE_S)
    steady, most = (Load(HOST, port, requests, CONNECTIONS) for _ in range(2))
    await steady.steady(requests_per_s, seconds)
    most_per_s = await most.flat_out(seconds)
    timings_ms = [1000.0 * took_s for took_s in steady.timings_s]
    return quantiles(timings_ms) | {
        "offered_per_s": requests_per_s,
        "refused": steady.refused + most.refused,
        "most_per_s": round(most_per_s),
    }
