"""The event classes of sound: what is decoded of a clip, and the instruments heard in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .events import BlobRef, Event, Failure, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Spectra(Event):
    """A decoded clip as the instrument detector reads it, or why it cannot be read."""

    origin: Origin
    clip_id: str
    name: str
    made_by: str
    clip_created_at: int
    error: Failure | None = None
    duration_s: float
    starts: tuple[int, ...]
    data: bytes | None = None
    blob: BlobRef | None = None
    prepare_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class InstrumentHeard:
    """One label and how probable it is, in the clip and in each second."""

    label: str
    probability: float
    by_second: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrumentation(Event):
    """The instruments that are heard in a clip."""

    origin: Origin
    clip_id: str
    name: str
    made_by: str
    status: Literal["detected", "failed"]
    error: Failure | None = None
    instruments: tuple[InstrumentHeard, ...]
    duration_s: float
    compute_ms: float
    latency_ms: float
