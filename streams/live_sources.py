"""What each live player has just played: one bounded window a source, forgotten when silent."""

from __future__ import annotations

import math
from collections import OrderedDict, deque

from connectors.settings import LiveSettings
from processors.identify import Identification, Identifier, LiveTracker
from schemas.codec import UndecodableError
from schemas.events import NoteEvent

from .records import Record

PERCUSSION_CHANNEL = 9
"""General MIDI's channel of drums, whose pitches are instruments; files are read without them, too."""


def check_note(event: NoteEvent) -> None:
    """Raises ``UndecodableError`` where a note is none."""
    if not (0 <= event.pitch < 128 and 0 <= event.velocity < 128 and math.isfinite(event.time_s)):
        raise UndecodableError(
            f"No such note: pitch {event.pitch}, velocity {event.velocity}, at {event.time_s} s; "
            "pitch and velocity go from 0 to 127."
        )


def is_struck(event: NoteEvent) -> bool:
    """Whether a note with a pitch begins here."""
    return event.type == "note_on" and event.velocity > 0 and event.channel != PERCUSSION_CHANNEL


class LiveSource:
    """One player's window and tracker."""

    def __init__(self, limits: LiveSettings) -> None:
        self._limits = limits
        self._notes: deque[tuple[float, int, int]] = deque(maxlen=limits.window_max_notes)
        self._tracker: LiveTracker | None = None
        self._identifier: Identifier | None = None
        self._session_id = ""
        self._sequence = -1
        self._offset = -1
        self.heard_at_s = 0.0

    def hear(self, record: Record, event: NoteEvent) -> None:
        """Take in a note, unless it was heard before or comes late."""
        self.heard_at_s = max(self.heard_at_s, record.timestamp_s)
        if record.offset <= self._offset:
            return
        self._offset = record.offset
        if event.session_id != self._session_id:
            self._session_id, self._sequence, self._tracker = event.session_id, -1, None
            self._notes.clear()
        if event.sequence <= self._sequence:
            return
        self._sequence = event.sequence
        if is_struck(event):
            self._add(event.time_s, event.pitch, event.velocity)

    def _add(self, time_s: float, pitch: int, velocity: int) -> None:
        self._notes.append((time_s, pitch, velocity))
        while self._notes[0][0] < time_s - self._limits.window_s:
            self._notes.popleft()
        if self._tracker is not None:
            self._tracker.add(time_s, pitch, velocity)

    def answer(self, identifier: Identifier) -> Identification:
        """What is being played, by ``identifier``; a new one hears the window again."""
        if self._tracker is None or self._identifier is not identifier:
            self._identifier = identifier
            self._tracker = LiveTracker(identifier, self._limits.window_s, self._limits.window_max_notes)
            for note in self._notes:
                self._tracker.add(*note)
        return self._tracker.answer()


class LiveSources:
    """All players that were heard lately; never more than ``max_sources``, the longest silent go first."""

    def __init__(self, limits: LiveSettings) -> None:
        self._limits = limits
        self._sources: OrderedDict[str, LiveSource] = OrderedDict()
        self._now_s = 0.0  # by the records' own clock, so that a worker that lags forgets nobody too early

    def __len__(self) -> int:
        return len(self._sources)

    def names(self) -> list[str]:
        """The sources that are remembered, the longest silent first."""
        return list(self._sources)

    def hear(self, record: Record, event: NoteEvent) -> None:
        """Take in a note of whichever source."""
        source = self._sources.get(event.source_id)
        if source is None:
            source = self._sources[event.source_id] = LiveSource(self._limits)
        self._sources.move_to_end(event.source_id)
        source.hear(record, event)
        self._now_s = max(self._now_s, record.timestamp_s)
        self._forget()

    def answer(self, source_id: str, identifier: Identifier) -> Identification:
        """The running answer for a source."""
        source = self._sources.get(source_id) or LiveSource(self._limits)
        return source.answer(identifier)

    def _forget(self) -> None:
        while self._sources:
            source_id, source = next(iter(self._sources.items()))
            silent_s = self._now_s - source.heard_at_s
            if len(self._sources) <= self._limits.max_sources and silent_s <= self._limits.silence_expiry_s:
                return
            del self._sources[source_id]
