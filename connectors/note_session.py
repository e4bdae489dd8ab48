"""One session of one player: gestures become numbered events in ``notes``, and what is lost is counted."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from connectors.producer import DeliveryError, EventProducer
from schemas.events import NoteEvent, now_us
from schemas.topics import NOTES

TELL_EVERY_S = 1.0


class BridgeError(ValueError):
    """The music cannot be played into Kafka; the message says why."""


@dataclass(frozen=True, slots=True)
class BridgeReport:
    """What one session came to.

    Attributes:
        session_id: names the session in its events.
        sent: events that were delivered.
        lost: events that were not; the sequence numbers show where.
    """

    session_id: str
    sent: int
    lost: int


@dataclass(frozen=True, slots=True)
class Gesture:
    """What a player did, by the fields of ``NoteEvent``."""

    type: Literal["note_on", "note_off", "pedal"]
    pitch: int
    velocity: int
    channel: int = 0
    medium: Literal["keys", "sound"] = "keys"


class NoteSession:
    """Numbers a player's gestures and sends them.

    Args:
        producer: takes the events.
        source_id: names the player.
        session_id: names this session; a fresh id by default.
        on_state: called with a sentence when something happens that a person should know.
        queue_events: how many events a bridge lets wait for Kafka, for the sentence about those that found no room.
    """

    def __init__(
        self,
        producer: EventProducer,
        source_id: str,
        session_id: str | None,
        on_state: Callable[[str], None],
        queue_events: int,
        trace_context: str,
    ) -> None:
        self._producer = producer
        self._source_id = source_id
        self._session_id = session_id or str(uuid.uuid4())
        self._on_state = on_state
        self._queue_events = queue_events
        self._trace_context = trace_context
        self._sequence = 0
        self._overflowed = 0
        self._undelivered = 0
        self._told_lost = 0
        self._told_at_s = 0.0

    def require(self) -> None:
        """Make sure that Kafka and the registry are there; raises as ``EventProducer.require``."""
        self._producer.require(NOTES.name)

    def event(self, gesture: Gesture, time_s: float, created_at: int | None = None) -> NoteEvent:
        """The next event.

        Args:
            time_s: on the player's own clock.
            created_at: when it was played, microseconds since the epoch; by default now.
        """
        event = NoteEvent(
            source_id=self._source_id,
            created_at=now_us() if created_at is None else created_at,
            trace_context=self._trace_context,
            session_id=self._session_id,
            sequence=self._sequence,
            time_s=time_s,
            type=gesture.type,
            pitch=gesture.pitch,
            velocity=gesture.velocity,
            channel=gesture.channel,
            medium=gesture.medium,
        )
        self._sequence += 1
        return event

    def send(self, event: NoteEvent) -> None:
        """Send an event, waiting for Kafka where it must; raises as ``EventProducer.send``."""
        self._producer.send(NOTES.name, event)

    def flush(self) -> None:
        """Wait until all is delivered; raises as ``EventProducer.flush``."""
        self._producer.flush()

    def found_no_room(self) -> None:
        """Count an event that is given up because too many wait; may be called from any one thread."""
        self._overflowed += 1

    def try_to_send(self, event: NoteEvent) -> None:
        """Send an event; where that fails it is counted and told of."""
        self._try(lambda: self.send(event))

    def try_to_poll(self) -> None:
        """Hear of deliveries while nothing is played; those that failed are counted and told of."""
        self._try(self._producer.poll)

    def try_to_flush(self) -> None:
        """Wait until all is delivered; what is not is counted and told of."""
        self._try(self._producer.flush)

    def report(self) -> BridgeReport:
        """What the session came to so far."""
        lost = self._overflowed + self._undelivered
        return BridgeReport(self._session_id, self._sequence - lost, lost)

    def _try(self, deliver: Callable[[], None]) -> None:
        reason = f"more than {self._queue_events} waited for Kafka"
        try:
            deliver()
        except DeliveryError as error:
            self._undelivered += error.count
            reason = str(error)
        lost, now_s = self._overflowed + self._undelivered, time.monotonic()
        if lost > self._told_lost and now_s - self._told_at_s > TELL_EVERY_S:
            self._told_lost, self._told_at_s = lost, now_s
            self._on_state(f"{lost} events are lost so far: {reason}.")
