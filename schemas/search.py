"""The event classes of the search: what is asked on ``queries``, and what is answered on ``results``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .events import BlobRef, Event, Failure, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery(Event):
    """What is searched for: by text, by music inline or as a claim check, by both, or more like a work."""

    query_id: str
    mode: Literal["text", "audio", "hybrid", "similar"]
    query: str = ""
    work_id: str = ""
    kind: Literal["midi", "audio"] | None = None
    data: bytes | None = None
    blob: BlobRef | None = None
    alpha: float = 0.5
    top_k: int = 10
    composer: str = ""
    instruments: tuple[str, ...] = ()
    tempo_min: float | None = None
    tempo_max: float | None = None
    deadline: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundWork:
    """A work that answers a search, and what is known of it."""

    work_id: str
    title: str
    composer: str
    path: str
    score: float
    performance: float
    key: str
    tempo_bpm: float | None = None
    instruments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult(Event):
    """The answer to a search, best work first."""

    origin: Origin
    made_by: str
    query_id: str
    status: Literal["found", "failed"]
    error: Failure | None = None
    works: tuple[FoundWork, ...] = ()
    compute_ms: float = 0.0
    latency_ms: float = 0.0
