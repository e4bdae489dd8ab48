"""``embeddings``: a vector of each file, answered on ``embeddings``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.audio import Sound
from processors.embeddings import NoteEmbedder
from processors.midi import BadMusicError
from processors.notes import Notes
from processors.songs import Song
from schemas import topics
from schemas.bulk import BulkTask, Embedding
from schemas.events import Failure
from streams.answers import fitting
from streams.records import Output, Record

from .identify import transcriber
from .instruments import sound_of
from .public_models import load_clamp3, load_mert
from .stages import Analysis, Models, Plain, each, together

if TYPE_CHECKING:
    from processors.adapters.clamp3 import Clamp3
    from processors.adapters.mert import Mert

STAGE = "bulk/embeddings"
DIGITS = 6
"""Of a component, so that an answer is the same text whatever it was computed with."""


class EmbeddingsStage:
    """Embeds files with the model that ``bulk.embeddings`` chooses."""

    want = "embeddings"

    def __init__(self, settings: Settings, codec: EventCodec, models: Models) -> None:
        self._codec = codec
        self._models = models
        self._adapters = settings.adapters
        match settings.bulk.embeddings:
            case "mert":
                self._analysis: Analysis = _OfSound(self._mert().model, lambda sounds: self._mert()(sounds))
            case "clamp3":
                self._analysis = _OfSound(self._clamp3().model, lambda sounds: self._clamp3().sounds(sounds))
            case "notes":
                model = models.get("notes", NoteEmbedder).model
                self._analysis = _OfNotes(f"{model}, mean", models)

    def _mert(self) -> Mert:
        return self._models.get("mert", lambda: load_mert(self._adapters))

    def _clamp3(self) -> Clamp3:
        return self._models.get("clamp3", lambda: load_clamp3(self._adapters))

    def analysis(self) -> Analysis:
        return self._analysis

    def output(
        self, record: Record, task: BulkTask, made_by: str, result: Plain | Failure, music_s: float, compute_ms: float
    ) -> Output:
        error = result if isinstance(result, Failure) else None
        vector = () if isinstance(result, Failure) else tuple(result["vector"])
        event = Embedding(
            event_id=record.origin.derived_id(STAGE),
            source_id=task.source_id,
            trace_context=task.trace_context,
            origin=record.origin,
            clip_id=task.sha256,
            name=task.name,
            model=made_by,
            error=error,
            vector=vector,
            music_s=music_s,
            compute_ms=compute_ms,
        )
        name = topics.EMBEDDINGS.name
        return fitting(Output(name, key_of(event), self._codec.encode(name, event), event.trace_context))


@dataclass(frozen=True, slots=True)
class _OfSound:
    """Models that hear sound."""

    made_by: str
    embed: Callable[[Sequence[Sound]], NDArray[np.float32]]

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        return together(each(songs, sound_of), lambda sounds: [_plain(self.made_by, v) for v in self.embed(sounds)])


@dataclass(frozen=True, slots=True)
class _OfNotes:
    """The shipped network: the mean of the vectors of a piece's windows of notes, which no key or tempo changes."""

    made_by: str
    models: Models

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        heard = each(songs, self._notes)  # all sound is transcribed before the next model is loaded
        embedder = self.models.get("notes", NoteEmbedder)

        def vector(notes: Notes) -> Plain:
            windows = embedder(notes)
            if not len(windows):
                raise BadMusicError("no_notes", "The music has too few notes for an embedding.")
            mean = windows.mean(axis=0)
            return _plain(self.made_by, mean / max(float(np.linalg.norm(mean)), 1e-12))

        return [one if isinstance(one, Failure) else each([one], vector)[0] for one in heard]

    def _notes(self, song: Song) -> Notes:
        notes = song.heard(lambda: transcriber(self.models)).notes
        return notes if isinstance(notes, Notes) else notes.notes


def _plain(model: str, vector: NDArray[Any]) -> Plain:
    return {"model": model, "vector": [round(float(component), DIGITS) for component in vector]}
