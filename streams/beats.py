"""The beats agent: notes, activations and the live worker's matches in, beats out, numbered within the session.

While a source's work is not known, its beats are those that the network hears; once the live worker has found it, they
come from the score, which is followed note by note.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sources import Sources
from connectors.telemetry import Telemetry
from processors.beats import Beat as TrackedBeat
from processors.beats import BeatTracker
from processors.beats.followed import FollowedBeats
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Match, NoteEvent, Origin
from schemas.rhythm import Activations, Beat

from .known_works import KnownWorks
from .live_sources import check_note, is_struck
from .readback import Readback
from .records import Record
from .timed import Said, refuse

NAME = "beats"
MADE_BY = "bar-pointer-1"
TICK_S = 0.05
"""How often is looked whether a beat has passed without an onset."""
LATE_S = 0.2
"""So late an onset may be heard here: its chord's length, and its way."""
PLACE_LATE_S = 0.05
"""So late the place of a note may be heard here."""
PLAYING_S = 10.0
"""A source without onsets for so long is not looked after."""
SAME_BEAT = 0.4
"""After a take-over, a beat closer than this share of a beat to the last one told is that one, heard again."""


class _Source:
    """One player's tracker, and how far its beats were told."""

    def __init__(self) -> None:
        self._begin("")

    def _begin(self, session_id: str) -> None:
        self.session_id = session_id
        self.tracker = BeatTracker()
        self.followed = FollowedBeats()
        self.sequence = -1
        self.next_frame = 0
        self.number = 0
        self.told_s = -np.inf
        self.told_period_s = 0.0
        self.frame_s = -np.inf
        self.place_s = -np.inf
        self.newest: Activations | None = None
        self.origin: Origin | None = None

    def enter(self, session_id: str) -> None:
        """Begin a session, unless it is the one that is being played."""
        if session_id != self.session_id:
            self._begin(session_id)

    def now_s(self, wall_s: float) -> float:
        """The source's clock."""
        return wall_s - (self.newest.source_zero_us / 1e6 if self.newest else wall_s)


class BeatsAgent:
    """Tells the beats of all sources of its partitions; see ``Agent``."""

    name = NAME
    passing = frozenset({topics.NOTES.name, topics.MATCHES.name})  # where the player was before is of no use
    topics: tuple[str, ...] = (topics.NOTES.name, topics.ACTIVATIONS.name, topics.MATCHES.name)

    def __init__(self, settings: Settings, codec: EventCodec, telemetry: Telemetry | None = None) -> None:
        self._settings = settings
        self._codec = codec
        self._readback = Readback(settings, settings.live.readback_max_events)
        self.sources = Sources(_Source, settings.live.max_sources, settings.rhythm.readback_s)
        self._works = KnownWorks(settings.catalogue_dir, (telemetry or Telemetry.untold()).metrics)
        self._looked_at_s = 0.0

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Track again what was played, and how far it was told; see ``Agent``."""
        self.sources.clear()
        since_s = time.time() - self._settings.rhythm.readback_s
        for (topic, partition), next_offset in committed.items():
            if topic in self.passing:
                continue  # the next match says where the player is
            for record in self._readback.tail(topic, partition, since_s, to_offset=max(next_offset, 0)):
                self.hear([record])
            for record in self._readback.tail(topics.BEATS.name, partition, since_s):
                self._recall(record)

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Notes, activations and matches; see ``Agent``."""
        said: list[Said] = []
        for record in records:
            try:
                event = self._codec.decode(record.topic, record.value or b"")
                if isinstance(event, Activations):
                    _check(event)
                elif isinstance(event, NoteEvent):
                    check_note(event)
            except UndecodableError as error:
                if record.topic != topics.NOTES.name:  # the live worker answers those
                    said.append(refuse(record, NAME, str(error), self._settings))
                continue
            match event:
                case Activations():
                    said += self._track(record, event)
                case Match(kind="live", status="matched"):
                    said += self._place(record, event)
                case NoteEvent() if is_struck(event):
                    said += self._follow(record, event)
        return said

    def due_at_s(self) -> float | None:
        """See ``Agent``."""
        wall_s = time.time()
        playing = any(source.now_s(wall_s) - source.frame_s < PLAYING_S for _, source in self.sources)
        return self._looked_at_s + TICK_S if playing else None

    def act(self, now_s: float) -> list[Said]:
        """Tell the beats that have passed without an onset; see ``Agent``."""
        if now_s < self._looked_at_s + TICK_S:
            return []
        self._looked_at_s = now_s
        return [
            said
            for source_id, source in self.sources
            if source.now_s(now_s) - source.frame_s < PLAYING_S
            for said in self._said(source_id, source, _passed(source, source.now_s(now_s)))
        ]

    def _track(self, record: Record, event: Activations) -> list[Said]:
        source = self.sources.heard(event.source_id, record.timestamp_s)
        source.enter(event.session_id)
        source.newest, source.origin = event, record.origin
        beats: list[TrackedBeat] = []
        for index, time_s in enumerate(event.times_s):
            if event.first_frame + index < source.next_frame:
                continue  # heard before
            source.next_frame, source.frame_s = event.first_frame + index + 1, time_s
            beats += source.tracker.add(time_s, np.array([event.beat[index], event.downbeat[index]], np.float32))
        return self._said(event.source_id, source, source.followed.heard(beats))

    def _follow(self, record: Record, note: NoteEvent) -> list[Said]:
        """Follow the player through the score, if his work is known."""
        source = self.sources.heard(note.source_id, record.timestamp_s)
        if note.session_id != source.session_id or note.sequence <= source.sequence:
            return []  # of a session that its activations have yet to begin, or heard before
        source.sequence = note.sequence
        return self._said(note.source_id, source, source.followed.note(note.time_s, note.pitch))

    def _place(self, record: Record, match: Match) -> list[Said]:
        """The live worker has found the player in a work."""
        source = self.sources.heard(match.source_id, record.timestamp_s)
        best = match.candidates[0]
        work = self._works.find(best.work_id)
        if work is None or source.newest is None or match.time_s < source.place_s:
            return []  # no beats are known, or no frame of this session is
        if abs(match.time_s - source.frame_s) > PLAYING_S:
            return []  # of another session
        source.place_s, source.origin = match.time_s, record.origin
        told = source.followed.found(match.time_s, work, best.ref_end_s, best.transposition, best.tempo_ratio)
        return self._said(match.source_id, source, told)

    def _recall(self, record: Record) -> None:
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return
        assert isinstance(event, Beat)
        source = self.sources.heard(event.source_id, record.timestamp_s)
        if event.session_id == source.session_id:  # what was told counts, not what would be told now
            source.number, source.told_s = event.number, event.time_s
            source.told_period_s = 60.0 / event.tempo_bpm

    def _said(self, source_id: str, source: _Source, beats: Sequence[TrackedBeat]) -> list[Said]:
        said = []
        for beat in beats:
            if beat.time_s <= source.told_s + SAME_BEAT * source.told_period_s:
                continue
            source.number += 1
            source.told_s, source.told_period_s = beat.time_s, 0.0
            said.append(Said(topics.BEATS.name, _event(source_id, source, beat)))
        return said


def _passed(source: _Source, now_s: float) -> list[TrackedBeat]:
    """The beats that have passed by ``now_s`` on the source's clock without a note on them."""
    # the score's first: when it has lost the player, the network's are told again
    told = source.followed.advance(now_s - PLACE_LATE_S)
    return told + source.followed.heard(source.tracker.advance(now_s - LATE_S))


def _event(source_id: str, source: _Source, beat: TrackedBeat) -> Beat:
    assert source.newest is not None
    assert source.origin is not None
    return Beat(
        event_id=source.origin.derived_id(f"{NAME}/{source.number}"),
        source_id=source_id,
        trace_context=source.newest.trace_context,
        origin=source.origin,
        session_id=source.session_id,
        source_zero_us=source.newest.source_zero_us,
        number=source.number,
        time_s=beat.time_s,
        position=beat.position,
        downbeat=beat.downbeat,
        beats_per_bar=beat.beats_per_bar,
        tempo_bpm=beat.tempo_bpm,
        confidence=beat.confidence,
        next_beat_s=beat.next_beat_s,
        basis="network" if beat.work_id is None else "score",
        work_id=beat.work_id,
        made_by=MADE_BY,
    )


def _check(event: Activations) -> None:
    if not len(event.times_s) == len(event.beat) == len(event.downbeat):
        raise UndecodableError("Times, beats and downbeats of the activations are not equally many.")
