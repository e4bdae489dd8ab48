"""The events of the rhythm: from frames over beats and sections to triggers and the errors that they make.

Field names and types follow ``avro/<topic>.avsc``. Times in seconds are on the source's own clock;
``source_zero_us`` says where that clock's zero lies on the wall clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .events import Event, Origin

Engine = Literal["onnx", "hls4ml", "rtl", "board"]
SectionLabel = Literal["intro", "verse", "chorus", "bridge", "outro", "other"]
Severity = Literal["debug", "info", "warning", "error", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames(Event):
    """Onset features of a source, some frames together."""

    origin: Origin
    session_id: str
    source_zero_us: int
    kind: Literal["onset", "dense"]
    first_frame: int
    times_s: tuple[float, ...]
    feature_count: int
    features: tuple[float, ...]
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Activations(Event):
    """How much each of some frames is a beat and a downbeat."""

    origin: Origin
    session_id: str
    source_zero_us: int
    engine: Engine
    first_frame: int
    times_s: tuple[float, ...]
    beat: tuple[float, ...]
    downbeat: tuple[float, ...]
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat(Event):
    """One beat of a source, with what is expected next."""

    origin: Origin
    session_id: str
    source_zero_us: int
    number: int
    time_s: float
    position: int
    downbeat: bool
    beats_per_bar: int
    tempo_bpm: float
    confidence: float
    next_beat_s: float
    basis: Literal["network", "score"]
    made_by: str
    work_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section(Event):
    """One section of what a source plays; a later event of the same start replaces it."""

    origin: Origin
    session_id: str
    label: SectionLabel
    start_s: float
    confidence: float
    basis: Literal["heard", "score"]
    made_by: str
    end_s: float | None = None
    clip_id: str | None = None
    work_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger(Event):
    """Something is to happen on a beat; issued once for each key."""

    origin: Origin
    session_id: str
    key: str
    trigger: str
    error_type: str
    beat: int
    section: SectionLabel
    tempo: float
    time_s: float
    due_at: int
    basis: Literal["predicted", "heard"]
    made_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEvent(Event):
    """A generated error."""

    trigger_key: str
    session_id: str
    style: str
    code: str
    severity: Severity
    message: str
    part: int
    parts: int
    beat: int
    section: str
    tempo: float
    component: str | None = None
    location: str | None = None
    governing_body: str | None = None
