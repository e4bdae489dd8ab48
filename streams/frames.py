"""The frames agent: live notes in, onset frames out, each as soon as no further note can belong to its chord."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sources import Sources
from processors.beats import Frame, FrameBuilder
from processors.beats.features import FEATURES
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import NoteEvent, Origin
from schemas.rhythm import Frames

from .live_sources import is_struck
from .readback import Readback
from .records import Record
from .timed import Said

NAME = "frames"
MADE_BY = "onset-frames-1"
LATE_S = 0.01
"""So late a note may come that belongs to a chord."""


class _Source:
    """One player: the open chord, the clock, and how many frames the session has."""

    def __init__(self, clock_window: int) -> None:
        self._clock_window = clock_window
        self._begin("")

    def _begin(self, session_id: str) -> None:
        self.session_id = session_id
        self.sequence = -1
        self.builder = FrameBuilder()
        self.zeros_us: deque[int] = deque(maxlen=self._clock_window)
        self.next_frame = 0
        self.last_s = -1.0
        self.origin: Origin | None = None
        self.trace_context: str | None = None

    def enter(self, session_id: str) -> None:
        """Begin a session, unless it is the one that is being played."""
        if session_id != self.session_id:
            self._begin(session_id)

    @property
    def zero_us(self) -> int:
        # what comes late says that the clock's zero is later than it is; so the earliest is right
        return min(self.zeros_us)

    @property
    def due_at_s(self) -> float | None:
        """When the open chord is over, on the wall clock."""
        due_s = self.builder.due_s
        return None if due_s is None or not self.zeros_us else self.zero_us / 1e6 + due_s + LATE_S


class FramesAgent:
    """Makes the frames of all sources of its partitions; see ``Agent``."""

    name = NAME
    topics: tuple[str, ...] = (topics.NOTES.name,)
    passing: frozenset[str] = frozenset()

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self._readback = Readback(settings, settings.live.readback_max_events)
        options = settings.rhythm
        self.sources = Sources(
            lambda: _Source(options.clock_window), settings.live.max_sources, settings.rhythm.readback_s
        )

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Hear again what was played, and how far its frames were told; see ``Agent``."""
        self.sources.clear()
        since_s = time.time() - self._settings.rhythm.readback_s
        for (topic, partition), next_offset in committed.items():
            for record in self._readback.tail(topic, partition, since_s, to_offset=max(next_offset, 0)):
                self._hear(record)
            for record in self._readback.tail(topics.FRAMES.name, partition, since_s):
                self._recall(record)

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Notes; see ``Agent``."""
        return [said for record in records for said in self._hear(record)]

    def due_at_s(self) -> float | None:
        """See ``Agent``."""
        return min((at_s for _, source in self.sources if (at_s := source.due_at_s) is not None), default=None)

    def act(self, now_s: float) -> list[Said]:
        """Close the chords that are over; see ``Agent``."""
        said = []
        for source_id, source in self.sources:
            at_s = source.due_at_s
            if at_s is not None and at_s <= now_s:
                said += self._said(source_id, source, source.builder.flush())
        return said

    def _hear(self, record: Record) -> list[Said]:
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return []  # the live worker reads the same topic and writes the dead letter
        assert isinstance(event, NoteEvent)
        source = self.sources.heard(event.source_id, record.timestamp_s)
        source.enter(event.session_id)
        if event.sequence <= source.sequence:
            return []
        source.sequence, source.origin, source.trace_context = event.sequence, record.origin, event.trace_context
        source.zeros_us.append(event.created_at - round(event.time_s * 1e6))
        if not is_struck(event):
            return self._said(event.source_id, source, source.builder.flush(event.time_s))
        try:
            frames = source.builder.add(event.time_s, event.pitch, event.velocity)
        except ValueError:
            return []  # no such note: a dead letter of the live worker
        return self._said(event.source_id, source, frames)

    def _recall(self, record: Record) -> None:
        try:
            event = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return
        assert isinstance(event, Frames)
        source = self.sources.heard(event.source_id, record.timestamp_s)
        if event.session_id == source.session_id and event.times_s:
            source.next_frame = max(source.next_frame, event.first_frame + len(event.times_s))
            source.last_s = max(source.last_s, event.times_s[-1])

    def _said(self, source_id: str, source: _Source, frames: Sequence[Frame]) -> list[Said]:
        frames = [frame for frame in frames if frame.time_s > source.last_s]
        if not frames or source.origin is None:
            return []
        event = Frames(
            event_id=source.origin.derived_id(f"{NAME}/{source.next_frame}"),
            source_id=source_id,
            trace_context=source.trace_context,
            origin=source.origin,
            session_id=source.session_id,
            source_zero_us=source.zero_us,
            kind="onset",
            first_frame=source.next_frame,
            times_s=tuple(frame.time_s for frame in frames),
            feature_count=FEATURES,
            features=tuple(float(value) for frame in frames for value in frame.features),
            made_by=MADE_BY,
        )
        source.next_frame += len(frames)
        source.last_s = frames[-1].time_s
        return [Said(topics.FRAMES.name, event)]
