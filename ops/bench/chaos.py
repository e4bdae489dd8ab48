"""``continuo bench chaos``: clips and notes flow while workers and servers are stopped, killed and added."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from connectors.producer import EventProducer
from ops.audit import Audit, run_audit
from ops.demo.material import clips_of_works
from ops.stack import Stack
from ops.stack.part import Part
from schemas import topics
from schemas.events import Clip

from .pace import at
from .players import player
from .rig import Rig, rig

SERVERS = ("kafka", "registry", "redis", "clickhouse")
WORKERS = ("clips", "clips", "live", "redis-sink", "clickhouse-sink")
SOURCES = 32
PLAYERS = 4
NOTES_PER_S = 5.0
SETTLE_TIMEOUT_S = 180.0
SETTLE_POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to the stack at a time, seconds after the start: a fault, or the repair of one."""

    at_s: float
    kind: str
    make: Callable[[], None]
    is_fault: bool = True


def chaos(clips: int, clips_per_s: float, outage_s: float, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Publish ``clips`` and play live while each kind of fault strikes, then compare every offset.

    Args:
        outage_s: how long each server is away.
        say: told what happens.

    Returns:
        ``events`` that went in, ``faults`` in all and by ``kinds``, and what was ``lost`` and ``duplicated``: on Kafka
        (lost only; repeats carry the same id), in Redis and in ClickHouse.

    Raises:
        RuntimeError: the workers did not catch up in time.
    """
    with rig(SERVERS, WORKERS) as made:
        seconds = clips / clips_per_s
        rng = np.random.default_rng(seed)
        sent = _Sent()
        senders = [
            threading.Thread(target=_publish_clips, args=(made, clips, clips_per_s, rng.spawn(1)[0], sent)),
            threading.Thread(target=_play_live, args=(made, seconds, rng.spawn(1)[0], sent)),
        ]
        changes = _changes(made.stack, seconds, outage_s)
        for sender in senders:
            sender.start()
        for change, _ in zip(changes, at(change.at_s for change in changes), strict=True):
            say(f"{change.at_s:5.0f} s: {change.kind}")
            change.make()
        for sender in senders:
            sender.join()
        if sent.errors:
            raise RuntimeError(f"Not everything could be published: {sent.errors[0]}")
        for part in made.stack.parts:
            if part.pid is None:
                part.start()
            part.wait_healthy()
        say("All is sent; waiting until the workers and sinks are done.")
        audit = _settled(made)
    kinds = Counter(change.kind for change in changes if change.is_fault)
    return {
        "events": sent.count,
        "faults": sum(kinds.values()),
        "kinds": dict(kinds),
        "lost": audit.lost,
        "duplicated": audit.duplicated,
        "audit": audit.to_json(),
    }


class _Sent:
    """What the senders have done."""

    def __init__(self) -> None:
        self.count = 0
        self.errors: list[Exception] = []


def _publish_clips(made: Rig, count: int, per_s: float, rng: np.random.Generator, sent: _Sent) -> None:
    try:
        with EventProducer(made.settings, made.codec) as producer:
            material = clips_of_works(made.works, count, rng)
            for number, (clip, _) in enumerate(zip(material, at(np.arange(count) / per_s), strict=True)):
                source_id = f"chaos-{number % SOURCES}"
                producer.send(
                    topics.CLIPS.name,
                    Clip(source_id=source_id, clip_id=clip.clip_id, kind="midi", name=clip.name, data=clip.data),
                )
                sent.count += 1
    except Exception as error:
        sent.errors.append(error)


def _play_live(made: Rig, seconds: float, rng: np.random.Generator, sent: _Sent) -> None:
    names = [f"player-{number}" for number in range(PLAYERS)]
    count = round(seconds * NOTES_PER_S)
    events = [event for name in names for event in player(made.works, name, count, NOTES_PER_S, rng)]
    events.sort(key=lambda event: event.time_s)
    try:
        with EventProducer(made.settings, made.codec) as producer:
            for event, _ in zip(events, at(event.time_s for event in events), strict=True):
                producer.send(topics.NOTES.name, event)
                sent.count += 1
    except Exception as error:
        sent.errors.append(error)


def _changes(stack: Stack, seconds: float, outage_s: float) -> list[Change]:
    """Workers are struck all the time; the servers are away one after the other in between."""
    changes = list(_worker_faults(stack, seconds))
    gap_s = (seconds - len(SERVERS) * outage_s) / (len(SERVERS) + 1)
    if gap_s <= 0:
        raise ValueError(f"{len(SERVERS)} outages of {outage_s:g} s do not fit into {seconds:g} s of clips.")
    for number, name in enumerate(SERVERS):
        away_s = gap_s + number * (outage_s + gap_s)
        part = stack.part(name)
        changes.append(Change(away_s, f"{name} killed", part.kill))
        changes.append(Change(away_s + outage_s, f"{name} back", part.start, is_fault=False))
    return sorted(changes, key=lambda change: change.at_s)


def _worker_faults(stack: Stack, seconds: float, every_s: float = 9.0) -> Iterator[Change]:
    first, second, live = stack.part("clips"), stack.part("clips-2"), stack.part("live")
    third = stack.add("clips")
    sinks = stack.part("redis-sink"), stack.part("clickhouse-sink")
    strikes: list[tuple[str, Callable[[], None]]] = [
        ("clips worker killed", lambda: _again(first, first.kill)),
        ("clips worker added", lambda: _again(third, third.stop)),
        ("clips worker stopped", lambda: _again(second, second.stop)),
        ("live worker killed", lambda: _again(live, live.kill)),
        ("redis sink killed", lambda: _again(sinks[0], sinks[0].kill)),
        ("clickhouse sink killed", lambda: _again(sinks[1], sinks[1].kill)),
        ("live worker stopped", lambda: _again(live, live.stop)),
        ("clips worker killed", lambda: _again(third, third.kill)),
    ]
    for number in range(int(seconds / every_s)):
        kind, strike = strikes[number % len(strikes)]
        yield Change((number + 0.5) * every_s, kind, strike)


def _again(part: Part, end: Callable[[], None]) -> None:
    end()
    part.start()


def _settled(made: Rig) -> Audit:
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while True:
        audit = run_audit(made.settings)
        if not audit.waiting:
            return audit
        if time.monotonic() > deadline:
            raise RuntimeError(f"{audit.waiting} records still wait after {SETTLE_TIMEOUT_S:g} s.")
        time.sleep(SETTLE_POLL_S)
