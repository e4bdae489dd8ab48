"""Which class of events flows on which topic."""

from __future__ import annotations

from .bulk import BulkJob, BulkResult, BulkTask, Embedding
from .events import Clip, DeadLetter, Event, Match, NoteEvent, Work
from .rhythm import Activations, Beat, ErrorEvent, Frames, Section, Trigger
from .search import SearchQuery, SearchResult
from .sound import Instrumentation, Spectra

EVENT_CLASSES: dict[str, type[Event]] = {
    "clips": Clip,
    "notes": NoteEvent,
    "catalogue": Work,
    "matches": Match,
    "frames": Frames,
    "activations": Activations,
    "beats": Beat,
    "sections": Section,
    "triggers": Trigger,
    "error-events": ErrorEvent,
    "bulk-jobs": BulkJob,
    "bulk-tasks": BulkTask,
    "bulk-results": BulkResult,
    "embeddings": Embedding,
    "spectra": Spectra,
    "instruments": Instrumentation,
    "queries": SearchQuery,
    "results": SearchResult,
    "dead-letters": DeadLetter,
}
"""Topic name to event class."""
