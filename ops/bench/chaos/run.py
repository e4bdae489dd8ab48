"""One run: a cluster of three brokers, a load, faults at even distances, and the count at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from connectors.settings import Settings
from ops.audit import Audit, run_audit
from ops.bench.pace import at
from ops.bench.rig import Rig, rig
from ops.stack import Stack
from ops.stack.ports import free_ports

from .faults import Fault, all_faults
from .traffic import Load, Traffic
from .watch import Watch

SERVERS = ("kafka", "registry", "redis", "clickhouse")
WORKERS = ("clips", "clips", "live", "redis-sink", "clickhouse-sink")
BROKERS = 3
BROKER_HEAP = "256m"
SESSION_TIMEOUT_S = 6.0
"""The shortest that brokers allow, so that a worker is soon given up."""
START_TIMEOUT_S = 400.0
"""Three brokers agree on a leader late on a busy machine."""
SETTLE_TIMEOUT_S = 900.0
SETTLE_POLL_S = 2.0
BEGIN_S = 3.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to fail.

    Attributes:
        faults: how many.
        outage_s: how long each lasts; more than ``SESSION_TIMEOUT_S``, so that what is paused is given up.
        at_once: so many strike together.
        kinds: these, in this order; by default all kinds, each in turn, in any order.
    """

    faults: int
    outage_s: float
    at_once: int = 1
    kinds: tuple[str, ...] = ()

    def every_s(self, seconds: float) -> float:
        """The time from one strike to the next.

        Raises:
            ValueError: the faults do not fit into so many seconds.
        """
        every_s = (seconds - BEGIN_S) / ceil(self.faults / self.at_once)
        if every_s <= self.outage_s:
            raise ValueError(f"{self.faults} faults of {self.outage_s:g} s do not fit into {seconds:g} s.")
        return every_s

    def choose(self, known: Sequence[Fault], rng: np.random.Generator) -> list[list[Fault]]:
        """The faults, in groups that strike together."""
        if self.kinds:
            by_kind = {fault.kind: fault for fault in known}
            order = [by_kind[self.kinds[number % len(self.kinds)]] for number in range(self.faults)]
        else:
            order = [known[number] for number in _rounds(len(known), self.faults, rng)]
        return [order[first : first + self.at_once] for first in range(0, len(order), self.at_once)]


def chaos(load: Load, plan: Plan, seed: int, say: Callable[[str], None], works: int | None = None) -> dict[str, Any]:
    """Send a load while faults strike at even distances, and compare every offset in the end.

    Args:
        works: so many works are in the catalogue; all of music21's by default.
        say: told what happens.

    Returns:
        ``events`` that went in, ``faults`` in all and by ``kinds``, and what was ``lost`` and ``duplicated``: on Kafka
        (lost only; repeats carry the same id), in Redis and in ClickHouse; ``worst_pause_s``, in which no clip's or no
        live answer came; ``worst_wait_s`` of a clip for its answer; ``restarts`` of what had ended by itself.

    Raises:
        RuntimeError: the workers did not catch up in time.
        ValueError: the faults do not fit into the time.
    """
    every_s = plan.every_s(load.seconds)
    rng = np.random.default_rng(seed)
    with rig(SERVERS, WORKERS, _three_brokers, works) as made, Traffic(made, load, rng.spawn(1)[0]) as traffic:
        groups = plan.choose(all_faults(made.stack, traffic, made.settings), rng)
        supervisor = Restarts(made.stack)
        with Watch(made.settings, made.codec, traffic.clip_sent_at) as watch:
            started = time.monotonic()
            strikes_s = [BEGIN_S + every_s * number for number in range(len(groups))]
            moments_s = [strike_s + after_s for strike_s in strikes_s for after_s in (0.0, plan.outage_s)]
            for step, _ in enumerate(at(moments_s)):
                for fault in groups[step // 2]:
                    _change(fault, step % 2 == 0, time.monotonic() - started, say)
                supervisor.look(say)
            traffic.wait()
            say("All is sent; waiting until the workers and sinks are done.")
            for part in made.stack.parts:
                if part.wanted:
                    part.start()
                    part.wait_healthy()
            audit = _settled(made)
    chosen = [fault for group in groups for fault in group]
    counted = Counter(fault.kind for fault in chosen)
    return {
        "events": traffic.sent,
        "faults": sum(counted.values()),
        "kinds": dict(counted),
        "lost": audit.lost,
        "duplicated": audit.duplicated,
        "worst_pause_s": {kind: round(pause_s, 1) for kind, pause_s in watch.worst_pause_s.items()},
        "worst_wait_s": round(watch.worst_wait_s, 1),
        "restarts": supervisor.count,
        "brokers": BROKERS,
        "audit": audit.to_json(),
    }


class Restarts:
    """Starts again what has ended by itself, as the supervisor of ``continuo up`` does.

    Args:
        stack: what is looked after. Parts that a fault ended are its own to start.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.count = 0

    def look(self, say: Callable[[str], None]) -> None:
        """Look once."""
        for part in self._stack.parts:
            if part.wanted and part.exit_code is not None and part.exit_code >= 0:
                say(f"        {part.name} had ended with code {part.exit_code}")
                self.count += 1
                part.start()


def _change(fault: Fault, is_strike: bool, time_s: float, say: Callable[[str], None]) -> None:
    if is_strike:
        say(f"{time_s:6.0f} s: {fault.kind}")
        fault.strike()
    else:
        fault.mend()


def _rounds(kinds: int, count: int, rng: np.random.Generator) -> Iterator[int]:
    """Each kind once, in any order, then each again, until there are as many as wanted."""
    while count > 0:
        order = rng.permutation(kinds)[:count]
        yield from order.tolist()
        count -= len(order)


def _three_brokers(settings: Settings) -> Settings:
    further = tuple(free_ports(2 * (BROKERS - 1)))
    changes = {"kafka_further_ports": further, "kafka_heap": BROKER_HEAP, "start_timeout_s": START_TIMEOUT_S}
    embedded = settings.embedded.model_copy(update=changes)
    kafka = settings.kafka.model_copy(update={"replication_factor": BROKERS, "session_timeout_s": SESSION_TIMEOUT_S})
    return settings.model_copy(update={"embedded": embedded, "kafka": kafka})


def _settled(made: Rig) -> Audit:
    deadline = time.monotonic() + SETTLE_TIMEOUT_S
    while True:
        audit = run_audit(made.settings)
        if not audit.waiting:
            return audit
        if time.monotonic() > deadline:
            raise RuntimeError(f"{audit.waiting} records still wait after {SETTLE_TIMEOUT_S:g} s: {audit.to_json()}")
        time.sleep(SETTLE_POLL_S)
