"""``continuo bench streams``: from players' notes to the event streams of their sources, by way of the gateway."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import psutil

from connectors.producer import EventProducer
from connectors.settings import GatewaySettings, Settings
from schemas import topics
from schemas.events import NoteEvent

from .core_time import core_s
from .pace import at
from .players import player
from .quantiles import quantiles
from .rig import Rig, rig

BEGIN_S = 60.0
"""Players begin one after the other, in so long: who begins is looked for in the whole catalogue, then followed."""
SETTLE_S = 20.0
"""So long the last of them has played when it counts."""
WAIT_S = 30.0
MEASURED = ("gateway", "live")
MATCH_TIME = re.compile(rb'event: match\ndata: .*?"time_s":([-+.\deE]+)')
UNLIMITED = 1_000_000


def streams(sources: int, notes_per_s: float, seconds: float, seed: int) -> dict[str, Any]:
    """Measure on a stack of its own.

    Args:
        sources: how many players play, each followed by one connection.
        notes_per_s: of each player.
        seconds: for how long it counts, when all have played for a while.

    Returns:
        Quantiles of the milliseconds from sending a note to Kafka to the answer in its source's event stream; how many
        notes were not answered; and the processor cores that the gateway and the live worker took.
    """
    with rig(("kafka", "registry", "redis"), MEASURED, _open) as made:
        return asyncio.run(_live(made, sources, notes_per_s, seconds, np.random.default_rng(seed)))


def _open(settings: Settings) -> Settings:
    limits = {"requests_per_s": UNLIMITED, "connections": UNLIMITED, "streams": UNLIMITED}
    return settings.model_copy(update={"gateway": GatewaySettings.model_validate(limits)})


async def _live(
    made: Rig, sources: int, notes_per_s: float, seconds: float, rng: np.random.Generator
) -> dict[str, Any]:
    begins_s = {f"player-{number}": BEGIN_S * number / sources for number in range(sources)}
    names = list(begins_s)
    end_s = BEGIN_S + SETTLE_S + seconds
    played = [
        (begin_s + event.time_s, event)
        for name, begin_s in begins_s.items()
        for event in player(made.works, name, round(notes_per_s * (end_s - begin_s)), notes_per_s, rng)
    ]
    played.sort(key=lambda entry: entry[0])
    watched = _Watched()
    port = made.settings.embedded.gateway_port
    followers = [asyncio.create_task(_follow(port, name, watched)) for name in names]
    async with asyncio.timeout(WAIT_S):
        while watched.greeted < sources:
            await asyncio.sleep(0.05)
    used_s, begun_s = {name: _processor_s(made, name) for name in MEASURED}, time.perf_counter()
    publisher = threading.Thread(target=_publish, args=(made, played, watched), name="publisher")
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
    return core_s(psutil.Process(pid))


class _Watched:
    """When notes were sent, and when the streams spoke of them."""

    def __init__(self) -> None:
        self._sent: defaultdict[str, deque[tuple[float, float, bool]]] = defaultdict(deque)
        self.greeted = 0
        self.answers = 0
        self.heard_s = time.perf_counter()
        self.timings_ms: list[float] = []

    @property
    def waiting(self) -> int:
        return sum(map(len, self._sent.values()))

    def sent(self, event: NoteEvent, counts: bool) -> None:
        self._sent[event.source_id].append((event.time_s, time.perf_counter(), counts))

    def heard(self, source_id: str, time_s: float) -> None:
        """An answer, which stands for every note up to its own time."""
        self.heard_s = time.perf_counter()
        self.answers += 1
        notes = self._sent[source_id]
        while notes and notes[0][0] <= time_s:
            _, sent_s, counts = notes.popleft()
            if counts:
                self.timings_ms.append(1000.0 * (self.heard_s - sent_s))


def _publish(made: Rig, played: Sequence[tuple[float, NoteEvent]], watched: _Watched) -> None:
    with EventProducer(made.settings, made.codec) as producer:
        for (time_s, event), _ in zip(played, at(time_s for time_s, _ in played), strict=True):
            watched.sent(event, time_s >= BEGIN_S + SETTLE_S)
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
