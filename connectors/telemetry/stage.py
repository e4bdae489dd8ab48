"""What one loop of a worker tells: counts, signs of life, what it waits for, and its steps in traces."""

from __future__ import annotations

import time
from collections.abc import Mapping

import structlog

from connectors.tracing import Attributes, Span, Tracer
from schemas.events import DeadLetter, Event, Match, Origin

from .health import Health, Pulse
from .ids import TRACE_ID, ids_of
from .metrics import StageMetrics

LOG_AFTER_S = 1.0
"""So often a dead letter of a kind is logged; a flood of bad records must not become one of lines."""
NO_PARTITIONS = "It has not been given its partitions yet."


log = structlog.get_logger(__name__)


class Stage:
    """One stage, such as an agent or a sink; may be used from several threads.

    Attributes:
        name: of the stage.
        count: its metrics.
        pulse: its loop's signs of life.
    """

    def __init__(self, name: str, count: StageMetrics, health: Health, tracer: Tracer) -> None:
        self.name = name
        self.count = count
        self.pulse = health.pulse(name)
        self._health = health
        self._tracer = tracer
        self._told: dict[str, tuple[float, int]] = {}
        health.lacks(f"{name} partitions", NO_PARTITIONS)
        health.has("start")

    def assigned(self) -> None:
        """Its partitions are known, be they none."""
        self._health.has(f"{self.name} partitions")

    def revoked(self) -> None:
        """It waits to be told its partitions."""
        self._health.lacks(f"{self.name} partitions", NO_PARTITIONS)

    def waiting(self, reason: BaseException | None) -> None:
        """Something is away; the same is tried again."""
        self.pulse.beat()
        self.count.waiting(reason)
        self._health.waits(f"{self.name} waits", str(reason))

    def going_on(self) -> None:
        """What it waited for is there."""
        self._health.has(f"{self.name} waits")

    def sent(self, topic: str, event: Event) -> None:
        """An event was confirmed by the brokers. Dead letters are logged, of each kind one in a while."""
        self.count.sent(topic, event)
        if isinstance(event, DeadLetter):
            now, (told_at, untold) = time.monotonic(), self._told.get(event.error_type, (-LOG_AFTER_S, 0))
            if now - told_at < LOG_AFTER_S:
                self._told[event.error_type] = (told_at, untold + 1)
                return
            self._told[event.error_type] = (now, 0)
            more = {"untold": untold} if untold else {}
            log.warning(
                "dead letter",
                stage=event.stage,
                error_type=event.error_type,
                reason=event.message,
                **ids_of(event),
                **more,
            )

    def thread_pulse(self, thread: str) -> Pulse:
        """The signs of life of a thread that computes for it."""
        return self._health.pulse(f"{self.name} {thread}")

    @property
    def traced(self) -> bool:
        """Whether spans come to anything."""
        return self._tracer.enabled

    def span(self, event: Event | None, parents: Mapping[Origin, str | None], began_ns: int) -> Span:
        """The step that makes ``event`` of a record.

        Args:
            event: what is made.
            parents: the step that sent each record at hand.
            began_ns: when the work on it began, nanoseconds since the epoch.
        """
        if event is None:
            return self._tracer.begin(self.name, None, start_ns=began_ns)
        origin = getattr(event, "origin", None)
        sender = parents.get(origin) if isinstance(origin, Origin) else None
        parent = sender or self._same_trace(event, parents) or event.trace_context
        attributes = attributes_of(event) if self._tracer.enabled else None
        return self._tracer.begin(self.name, parent, start_ns=began_ns, attributes=attributes)

    def _same_trace(self, event: Event, parents: Mapping[Origin, str | None]) -> str | None:
        """The step that sent a record of the event's trace: an event's origin may be a record of long before."""
        if not self._tracer.enabled or event.trace_context is None:
            return None
        trace_id = event.trace_context[TRACE_ID]
        return next((parent for parent in parents.values() if parent and parent[TRACE_ID] == trace_id), None)

    def step(self, parent: str, origin: Origin, began_ns: int) -> Span:
        """The step that stores a record and makes nothing of it."""
        return self._tracer.begin(self.name, parent, start_ns=began_ns, attributes=_place(origin))


def attributes_of(event: Event) -> Attributes:
    """What a span says of the event that it made."""
    ids = ids_of(event)
    said: dict[str, str | int | float] = {
        f"continuo.{name}": ids[name] for name in ("source_id", "event_id", "clip_id") if name in ids
    }
    origin = getattr(event, "origin", None)
    if isinstance(origin, Origin):
        said |= _place(origin)
    if isinstance(event, Match):
        said |= {"continuo.status": event.status, "continuo.compute_ms": event.compute_ms}
    return said


def _place(origin: Origin) -> dict[str, str | int | float]:
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": origin.topic,
        "messaging.destination.partition.id": str(origin.partition),
        "messaging.kafka.offset": origin.offset,
    }
