"""The events of bulk jobs: a folder of files, each of which gets a result or an error.

Field names and types follow ``avro/<topic>.avsc``. The ``source_id`` of all of them is the job's id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .events import BlobRef, Event, Failure, Origin

WANTS = ("identify", "instruments", "embeddings")
"""The analyses that a job can want."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJob(Event):
    """A bulk job as it is now."""

    folder: str
    wants: tuple[str, ...]
    status: Literal["running", "finished"]
    started_at: int
    files: int = 0
    answered: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkTask(Event):
    """A file of a job, inline or as a claim check."""

    sha256: str
    kind: Literal["midi", "audio"]
    name: str
    data: bytes | None = None
    blob: BlobRef | None = None
    wants: tuple[str, ...] = ("identify",)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkAnswer:
    """One analysis of a file: ``answer``, a JSON object, or ``error``."""

    want: str
    made_by: str
    stored: bool
    answer: str | None = None
    error: Failure | None = None
    music_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkResult(Event):
    """What a worker says of a file, one answer for each want."""

    origin: Origin
    sha256: str
    name: str
    status: Literal["answered", "failed"]
    answers: tuple[BulkAnswer, ...]
    compute_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding(Event):
    """A vector of a file's music; vectors of different models cannot be compared."""

    origin: Origin
    clip_id: str
    name: str
    model: str
    error: Failure | None = None
    vector: tuple[float, ...] = ()
    music_s: float = 0.0
    compute_ms: float = 0.0
