"""``continuo bench gateway``: cached answers under load, and live sources followed through the gateway."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import httpx
import numpy as np
import psutil

from connectors.producer import EventProducer
from connectors.settings import GatewaySettings, Settings
from ops.demo.material import AS_WRITTEN, clips_of_works
from schemas import topics
from schemas.events import NoteEvent

from .http_load import Load
from .pace import at
from .players import player
from .quantiles import quantiles
from .rig import Rig, rig

CLIPS = 50
CONNECTIONS = 32
SETTLE_S = 5.0
WAIT_S = 30.0
MEASURED = ("gateway", "live")
MATCH_TIME = re.compile(rb'event: match\ndata: .*?"time_s":([-+.\deE]+)')
UNLIMITED = 1_000_000


@dataclass(frozen=True, slots=True)
class GatewayLoad:
    """What is offered.

    Attributes:
        requests_per_s, request_seconds: cached answers to clips, evenly asked for, and for how long.
        sources, notes_per_s, live_seconds: players that are followed, the notes of each a second, and for how long.
    """

    requests_per_s: float
    request_seconds: float
    sources: int
    notes_per_s: float
    live_seconds: float


def gateway(load: GatewayLoad, seed: int) -> dict[str, Any]:
    """Measure both, one after the other.

    Returns:
        ``cached``: milliseconds from when a request was due to its answer, how many were refused, and how many a second
        are answered when ``CONNECTIONS`` connections ask without a pause (``most_per_s``); ``live``: milliseconds from
        sending a note to Kafka to the answer in its source's event stream; both with the processor cores that the
        workers took; and the load that was offered.
    """
    rng = np.random.default_rng(seed)
    with rig(("kafka", "registry", "redis"), ("clips", "live", "redis-sink", "gateway"), _open) as made:
        return {
            "cached": asyncio.run(_cached(made, load, rng)),
            "live": asyncio.run(_live(made, load, rng)),
            "load": asdict(load),
        }


def _open(settings: Settings) -> Settings:
    limits = {"requests_per_s": UNLIMITED, "connections": 4 * UNLIMITED, "streams": UNLIMITED}
    return settings.model_copy(update={"gateway": GatewaySettings.model_validate(limits)})


async def _cached(made: Rig, load: GatewayLoad, rng: np.random.Generator) -> dict[str, Any]:
    port = made.settings.embedded.gateway_port
    async with httpx.AsyncClient(base_url=made.settings.gateway_url, timeout=WAIT_S, trust_env=False) as client:
        paths = []
        for clip in clips_of_works(made.works, CLIPS, rng, AS_WRITTEN):
            said = await client.post("/api/clips", params={"wait_s": WAIT_S}, files={"file": ("clip.mid", clip.data)})
            said.raise_for_status()
            paths.append(said.headers["Location"])
    await Load("127.0.0.1", port, paths, CONNECTIONS).steady(load.requests_per_s, SETTLE_S)
    steady, used_s = Load("127.0.0.1", port, paths, CONNECTIONS), _processor_s(made, "gateway")
    await steady.steady(load.requests_per_s, load.request_seconds)
    core = (_processor_s(made, "gateway") - used_s) / load.request_seconds
    most = Load("127.0.0.1", port, paths, CONNECTIONS)
    most_per_s = await most.flat_out(SETTLE_S)
    timings_ms = [1000.0 * took_s for took_s in steady.timings_s]
    return quantiles(timings_ms) | {
        "refused": steady.refused,
        "most_per_s": round(most_per_s),
        "gateway_cores": round(core, 3),
    }


async def _live(made: Rig, load: GatewayLoad, rng: np.random.Generator) -> dict[str, Any]:
    total = round(load.notes_per_s * (load.live_seconds + SETTLE_S))
    names = [f"player-{number}" for number in range(load.sources)]
    events = [event for name in names for event in player(made.works, name, total, load.notes_per_s, rng)]
    events.sort(key=lambda event: event.time_s)
    watched = _Watched()
    port = made.settings.embedded.gateway_port
    followers = [asyncio.create_task(_follow(port, name, watched)) for name in names]
    async with asyncio.timeout(WAIT_S):
        while watched.greeted < load.sources:
            await asyncio.sleep(0.05)
    used_s, begun_s = {name: _processor_s(made, name) for name in MEASURED}, time.perf_counter()
    publisher = threading.Thread(target=_publish, args=(made, events, watched), name="publisher")
    publisher.start()
    while publisher.is_alive() or (watched.waiting and time.perf_counter() < watched.heard_s + WAIT_S):
        await asyncio.sleep(0.1)
    took_s = time.perf_counter() - begun_s
    cores = {f"{name}_cores": round((_processor_s(made, name) - used_s[name]) / took_s, 3) for name in MEASURED}
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)
    return quantiles(watched.timings_ms) | {"unanswered": watched.waiting, "answers": watched.answers} | cores


def _processor_s(made: Rig, worker: str) -> float:
    """How much processor time a worker has taken, seconds."""
    pid = made.stack.part(worker).pid
    assert pid is not None
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


class _Watched:
    """When notes were sent, and when the streams spoke of them."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self.greeted = 0
        self.answers = 0
        self.heard_s = time.perf_counter()
        self.timings_ms: list[float] = []

    @property
    def waiting(self) -> int:
        return sum(map(len, self._sent.values()))

    def sent(self, event: NoteEvent) -> None:
        self._sent[event.source_id].append((event.time_s, time.perf_counter()))

    def heard(self, source_id: str, time_s: float) -> None:
        """An answer, which stands for every note up to its own time."""
        self.heard_s = time.perf_counter()
        self.answers += 1
        notes = self._sent[source_id]
        while notes and notes[0][0] <= time_s:
            played_s, sent_s = notes.popleft()
            if played_s >= SETTLE_S:
                self.timings_ms.append(1000.0 * (self.heard_s - sent_s))


def _publish(made: Rig, events: Sequence[NoteEvent], watched: _Watched) -> None:
    with EventProducer(made.settings, made.codec) as producer:
        for event, _ in zip(events, at(event.time_s for event in events), strict=True):
            watched.sent(event)
            producer.send(topics.NOTES.name, event)


async def _follow(port: int, source_id: str, watched: _Watched) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET /api/sources/{source_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    await reader.readuntil(b"event: hello\ndata: {}\n\n")
    watched.greeted += 1
    try:
        while True:
            for time_s in MATCH_TIME.findall(await reader.readuntil(b"\n\n")):
                watched.heard(source_id, float(time_s))
    except asyncio.IncompleteReadError:
        return
    finally:
        writer.close()
