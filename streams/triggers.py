"""The trigger agent: beats and sections in, triggers out, each once, at the moment of its beat.

A trigger is issued when its beat is expected, on the wall clock, not when it was heard: ``source_zero_us`` of the beats
says where the source's clock stands. State is rebuilt from ``beats``, ``sections`` and the triggers issued before.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sources import Sources
from processors.triggers import Rules, Shot, SourceTriggers
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import NAMESPACE, Origin
from schemas.rhythm import Beat, Section, Trigger

from .readback import Readback
from .records import Record
from .timed import Said, refuse

NAME = "triggers"
STALE_BEATS = 1.0
"""A beat that is expected and not heard so many beats later has not been played."""


@dataclass(slots=True)
class _Source:
    triggers: SourceTriggers
    origin: Origin | None = None

    @property
    def due_at_s(self) -> float | None:
        """When the next trigger falls due on the wall clock."""
        beat, due_s = self.triggers.newest, self.triggers.due_s
        return None if beat is None or due_s is None else beat.source_zero_us / 1e6 + due_s


class TriggerAgent:
    """Issues the triggers of all sources of its partitions; see ``Agent``."""

    name = NAME
    topics: tuple[str, ...] = (topics.BEATS.name, topics.SECTIONS.name)
    passing: frozenset[str] = frozenset()

    def __init__(self, settings: Settings, codec: EventCodec, rules: Rules) -> None:
        self._settings = settings
        self._codec = codec
        self._rules = rules
        self._readback = Readback(settings, settings.live.readback_max_events)
        self.sources = Sources(
            lambda: _Source(SourceTriggers(rules)), settings.live.max_sources, settings.triggers.readback_s
        )
        self._missed: list[Said] = []

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Rebuild every source; see ``Agent``."""
        self.sources.clear()
        self._missed = []
        since_s = time.time() - self._settings.triggers.readback_s
        for partition in sorted({number for _, number in committed}):
            # older triggers than beats: a beat that is read again must not fire what it fired
            issued = self._readback.tail(topics.TRIGGERS.name, partition, since_s - self._settings.triggers.readback_s)
            for record in issued:
                self._recall(record)
            for record in self._readback.tail(topics.SECTIONS.name, partition, since_s):
                self._decode_and_hear(record)
            next_offset = committed[topics.BEATS.name, partition]
            first = next_offset if next_offset >= 0 else 0
            for record in self._readback.tail(topics.BEATS.name, partition, since_s, from_offset=first):
                self._missed += self._hear_again(record, is_history=record.offset < next_offset)

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Beats and sections; see ``Agent``."""
        return [said for record in records for said in self._decode_and_hear(record)]

    def due_at_s(self) -> float | None:
        """See ``Agent``."""
        if self._missed:
            return 0.0
        return min((at_s for _, source in self.sources if (at_s := source.due_at_s) is not None), default=None)

    def act(self, now_s: float) -> list[Said]:
        """Issue what has fallen due; see ``Agent``."""
        said, self._missed = self._missed, []
        for _, source in self.sources:
            at_s, beat = source.due_at_s, source.triggers.newest
            if at_s is None or beat is None or at_s > now_s:
                continue
            patience_s = STALE_BEATS * 60.0 / beat.tempo_bpm
            if now_s - at_s > patience_s:
                source.triggers.give_up()
            elif (shot := source.triggers.fire()) is not None:
                said.append(self._said(source, shot))
        return said

    def _recall(self, record: Record) -> None:
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return  # not one of ours
        assert isinstance(event, Trigger)
        self.sources.heard(event.source_id, record.timestamp_s).triggers.recall(
            event.session_id, event.beat, event.time_s
        )

    def _hear_again(self, record: Record, is_history: bool) -> list[Said]:
        """A beat of the log. What comes before the oldest one that was committed has been dealt with."""
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return []  # it comes again if nobody has refused it
        assert isinstance(event, Beat)
        source = self.sources.heard(event.source_id, record.timestamp_s)
        if is_history:
            source.triggers.recall_beat(event)
        return self._hear_beat(source, event, record)

    def _decode_and_hear(self, record: Record) -> list[Said]:
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError as error:
            return [refuse(record, NAME, str(error), self._settings)]
        source = self.sources.heard(event.source_id, record.timestamp_s)
        if isinstance(event, Section):
            source.triggers.hear_section(event)
            return []
        assert isinstance(event, Beat)
        return self._hear_beat(source, event, record)

    def _hear_beat(self, source: _Source, beat: Beat, record: Record) -> list[Said]:
        if not beat.tempo_bpm > 0.0:
            return [refuse(record, NAME, f"A beat at {beat.tempo_bpm} bpm is none.", self._settings)]
        shots = source.triggers.hear(beat)
        if source.triggers.newest is beat:
            source.origin = record.origin
        return [self._said(source, shot) for shot in shots]

    def _said(self, source: _Source, shot: Shot) -> Said:
        assert source.origin is not None
        event = Trigger(
            event_id=str(uuid.uuid5(NAMESPACE, shot.key)),
            source_id=shot.by.source_id,
            trace_context=shot.by.trace_context,
            origin=source.origin,
            session_id=shot.by.session_id,
            key=shot.key,
            trigger=shot.trigger,
            error_type=shot.error_type,
            beat=shot.beat,
            section=shot.section,
            tempo=shot.tempo_bpm,
            time_s=shot.time_s,
            due_at=shot.by.source_zero_us + round(shot.time_s * 1e6),
            basis=shot.basis,
            made_by=self._rules.version,
        )
        return Said(topics.TRIGGERS.name, event)
