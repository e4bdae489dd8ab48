"""The event classes: what flows on each topic, typed.

Field names and types follow ``avro/<topic>.avsc``; a test holds the two together. Times named
``created_at`` are microseconds since the epoch; all other times carry their unit in the name.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Literal

NAMESPACE = uuid.UUID("6f2f7f0a-5d0e-5b0c-9a3c-2b8f6f4f1c11")


def new_event_id() -> str:
    """A fresh random event id."""
    return str(uuid.uuid4())


def now_us() -> int:
    """The current time in microseconds since the epoch."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Origin:
    """The input record that a result was made from."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    def derived_id(self, stage: str) -> str:
        """The id of what ``stage`` makes of this record: the same however often it is made."""
        return str(uuid.uuid5(NAMESPACE, f"{self}/{stage}"))


@dataclass(frozen=True, slots=True)
class BlobRef:
    """A claim check: the bytes lie in the blob store."""

    key: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event carries."""

    source_id: str
    event_id: str = field(default_factory=new_event_id)
    created_at: int = field(default_factory=now_us)
    trace_context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip(Event):
    """A MIDI or audio clip to be analysed, inline or as a claim check."""

    clip_id: str
    kind: Literal["midi", "audio"]
    name: str
    data: bytes | None = None
    blob: BlobRef | None = None
    start_s: float = 0.0
    length_s: float | None = None
    wants: tuple[str, ...] = ("identify",)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteEvent(Event):
    """One note on, note off or pedal of a live player, on the player's own clock."""

    session_id: str
    sequence: int
    time_s: float
    type: Literal["note_on", "note_off", "pedal"]
    pitch: int = 0
    velocity: int = 0
    channel: int = 0
    medium: Literal["keys", "sound"] = "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Event):
    """A work of the catalogue, its score as a Standard MIDI File."""

    work_id: str
    title: str
    composer: str
    path: str
    licence: str | None = None
    data: bytes | None = None
    blob: BlobRef | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A passage of a work; beats are counted from the work's first, and missing where its score has none."""

    ref_start_s: float
    ref_end_s: float
    ref_start_beat: float | None = None
    ref_end_beat: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the confidence in a candidate rests on."""

    notes: int
    share: float
    misfit: float
    lead: float | None = None
    effort: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One work that the music may be, and where in it."""

    work_id: str
    title: str
    composer: str
    path: str
    confidence: float
    ref_start_s: float
    ref_end_s: float
    transposition: int
    tempo_ratio: float
    score: float
    matched_notes: int
    ref_start_beat: float | None = None
    ref_end_beat: float | None = None
    places: tuple[Place, ...] = ()
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an input could not be answered: a short type for programs, a sentence for people."""

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Event):
    """The answer for a clip, or the running answer for a live source."""

    origin: Origin
    made_by: str
    kind: Literal["clip", "live"]
    status: Literal["matched", "unknown", "failed"]
    clip_id: str | None = None
    error: Failure | None = None
    candidates: tuple[Candidate, ...] = ()
    notes_heard: int = 0
    time_s: float = 0.0
    compute_ms: float = 0.0
    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter(Event):
    """An input that no agent could read, kept with the reason."""

    origin: Origin
    stage: str
    error_type: str
    message: str
    attempts: int = 1
    key: bytes | None = None
    value: bytes | None = None
    value_size: int = 0
