"""The sections agent: notes, beats and the live worker's matches in, sections out.

While a source's work is not known, its sections are those that are heard, some beats late. Once it is, they come from
the work's own form at the player's place, the next one a little ahead of time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

import numpy as np

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sources import Sources
from connectors.telemetry import Telemetry
from processors.identify import Catalogue, CatalogueError
from processors.notes import Notes
from processors.score_beats import ScoreBeats
from processors.sections import LiveSection, SectionShelf, SectionTracker, WorkSections
from processors.sections import Section as WorkSection
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Event, Match, NoteEvent
from schemas.rhythm import Beat, Section

from .live_sources import is_struck
from .readback import Readback
from .records import Record
from .timed import Said

NAME = "sections"
SCORE_MADE_BY = "sections-of-works-1"
NOTES_MAX = 4_096
AHEAD_S = 3.0
"""So long before it begins the next section of a known work is told."""
KNOWN_S = 10.0
"""After so long without a match, sections are those that are heard again."""
ON_BEAT_S = 0.04


class _Source:
    """One player's tracker, the notes since the last beat, and what was told of the work."""

    def __init__(self) -> None:
        self._begin("")

    def _begin(self, session_id: str) -> None:
        self.session_id = session_id
        self.tracker = SectionTracker()
        self.notes: deque[tuple[float, int, int]] = deque(maxlen=NOTES_MAX)
        self.sequence = -1
        self.beat = 0
        self.matched_s = -np.inf
        self.told: tuple[str, float] | None = None

    def enter(self, session_id: str) -> None:
        """Begin a session, unless it is the one that is being played."""
        if session_id != self.session_id:
            self._begin(session_id)

    def notes_until(self, time_s: float) -> Notes:
        """The notes up to a time, which are then forgotten."""
        taken = []
        while self.notes and self.notes[0][0] <= time_s:
            taken.append(self.notes.popleft())
        columns = np.array(taken, np.float64).reshape(-1, 3)
        return Notes.of(columns[:, 0], columns[:, 1].astype(np.int64), velocity=columns[:, 2].astype(np.int64))


class SectionsAgent:
    """Tells the sections of all sources of its partitions; see ``Agent``."""

    name = NAME
    passing = frozenset({topics.MATCHES.name})  # where the player was before is of no use
    topics: tuple[str, ...] = (topics.NOTES.name, topics.BEATS.name, topics.MATCHES.name)

    def __init__(self, settings: Settings, codec: EventCodec, telemetry: Telemetry | None = None) -> None:
        self._settings = settings
        self._codec = codec
        self._readback = Readback(settings, settings.live.readback_max_events)
        self.sources = Sources(_Source, settings.live.max_sources, settings.rhythm.readback_s)
        self._shelf = SectionShelf(settings.catalogue_dir.with_name("work-sections"))
        (telemetry or Telemetry.untold()).metrics.cached_by("sections of works", self._shelf)
        self._catalogue_dir = settings.catalogue_dir
        self._catalogue: Catalogue | None = None

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Hear again what was played; see ``Agent``."""
        self.sources.clear()
        since_s = time.time() - self._settings.rhythm.readback_s
        for topic in (topics.NOTES.name, topics.BEATS.name):  # a beat takes the notes before it
            for partition in sorted({number for name, number in committed if name == topic}):
                end = max(committed[topic, partition], 0)
                self.hear(list(self._readback.tail(topic, partition, since_s, to_offset=end)))

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Notes, beats and matches; see ``Agent``."""
        said: list[Said] = []
        for record in records:
            try:
                event = self._codec.decode(record.topic, record.value or b"")
            except UndecodableError:
                continue  # the workers that answer these topics write the dead letters
            said += self._hear(record, event)
        return said

    def due_at_s(self) -> float | None:
        """Never: it only answers."""
        return None

    def act(self, now_s: float) -> list[Said]:
        """Nothing ever falls due."""
        return []

    def _hear(self, record: Record, event: Event) -> list[Said]:
        source = self.sources.heard(event.source_id, record.timestamp_s)
        match event:
            case NoteEvent():
                source.enter(event.session_id)
                if event.sequence > source.sequence:
                    source.sequence = event.sequence
                    if is_struck(event):
                        source.notes.append((event.time_s, event.pitch, event.velocity))
            case Beat() if event.session_id == source.session_id and event.number > source.beat:
                source.beat = event.number
                found = source.tracker.add(event.time_s, source.notes_until(event.time_s + ON_BEAT_S))
                if event.time_s - source.matched_s > KNOWN_S:
                    return [self._heard(record, source, event, section) for section in found]
            case Match(kind="live", status="matched"):
                return self._place(record, source, event)
        return []

    def _heard(self, record: Record, source: _Source, beat: Beat, section: LiveSection) -> Said:
        event = Section(
            event_id=record.origin.derived_id(f"{NAME}/{section.start_s:.3f}"),
            source_id=beat.source_id,
            trace_context=beat.trace_context,
            origin=record.origin,
            session_id=source.session_id,
            label=section.label,
            start_s=section.start_s,
            end_s=section.end_s,
            confidence=section.confidence,
            basis="heard",
            made_by=source.tracker.made_by,
        )
        return Said(topics.SECTIONS.name, event)

    def _place(self, record: Record, source: _Source, match: Match) -> list[Said]:
        """The player is in a known work: the section there, and the next one when it is near."""
        best = match.candidates[0]
        form = self._form(best.work_id)
        if form is None or not source.session_id or not best.tempo_ratio > 0.0:
            return []
        source.matched_s = match.time_s
        place = form.at(best.ref_end_s)
        near = place.following_in_s is not None and place.following_in_s / best.tempo_ratio <= AHEAD_S
        section = place.following if near and place.following is not None else place.now
        if source.told == (best.work_id, section.start_s):
            return []
        source.told = (best.work_id, section.start_s)

        def on_source(work_s: float) -> float:
            return match.time_s + (work_s - best.ref_end_s) / best.tempo_ratio

        return [self._of_work(record, source, match, section, on_source(section.start_s), on_source(section.end_s))]

    def _of_work(
        self, record: Record, source: _Source, match: Match, section: WorkSection, start_s: float, end_s: float
    ) -> Said:
        event = Section(
            event_id=record.origin.derived_id(f"{NAME}/score"),
            source_id=match.source_id,
            trace_context=match.trace_context,
            origin=record.origin,
            session_id=source.session_id,
            label=section.label,
            start_s=start_s,
            end_s=end_s,
            confidence=section.confidence,
            basis="score",
            work_id=match.candidates[0].work_id,
            made_by=SCORE_MADE_BY,
        )
        return Said(topics.SECTIONS.name, event)

    def _form(self, work_id: str) -> WorkSections | None:
        def load() -> tuple[Notes, ScoreBeats | None]:
            known = self._catalogue
            catalogue = known.refreshed() if known else Catalogue.open(self._catalogue_dir, check=True)
            self._catalogue = catalogue
            return catalogue.notes_of(work_id), catalogue.score_beats(work_id)

        try:
            return self._shelf.sections(work_id, load)
        except (CatalogueError, KeyError):
            return None
