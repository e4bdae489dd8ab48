"""Answers searches by text, by music, by both, and for more like a work, from a catalogue's search index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.parts import INSTRUMENTS

from .hearing import Heard
from .index import SearchIndex
from .limits import BadSearchError, SearchLimits, SearchRequest
from .model import SearchModel

TONICS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")


@dataclass(frozen=True, slots=True)
class Found:
    """One work that answers a search.

    Attributes:
        score: the higher the better; comparable within an answer.
        performance: the probability that the music searched by is a performance of this work.
        tempo_bpm, key, instruments: what is known of it.
    """

    work_id: str
    title: str
    composer: str
    path: str
    score: float
    performance: float
    tempo_bpm: float | None
    key: str
    instruments: tuple[str, ...]


class SearchEngine:
    """Answers searches; safe to use from many threads."""

    def __init__(self, index: SearchIndex, model: SearchModel, limits: SearchLimits) -> None:
        self.index = index
        self._model = model
        self._limits = limits

    def warm_up(self) -> None:
        """Run everything once, so that no first search pays for it."""
        self.index.nearest(self._model.query("warm up"), 1)

    def search(self, request: SearchRequest, heard: Heard | None = None) -> list[Found]:
        """The works that answer best, best first; at most ``request.top_k``.

        Args:
            heard: the music searched by; of audio and hybrid searches.

        Raises:
            BadSearchError: the request cannot be answered.
        """
        request.check(self._limits)
        if request.wants_music and heard is None:
            raise BadSearchError("no_audio", f"A search by {request.mode} needs music: a sound or MIDI file.")
        allowed = self.index.allowed(request.filters)
        vector, left_out = self._vector(request, heard)
        if left_out is not None:
            allowed = np.ones(len(self.index), bool) if allowed is None else allowed
            allowed[left_out] = False
        scores, rows = self.index.nearest(vector, request.top_k, allowed)
        performed = self._performed(heard, allowed) if request.wants_music and heard is not None else {}
        weight = 1.0 if request.mode == "audio" else 1.0 - request.alpha
        scored = dict(zip(rows.tolist(), scores.tolist(), strict=True))
        for row, probability in performed.items():
            own = scored.get(row, float(self.index.rows.vector[row].astype(np.float32) @ vector))
            scored[row] = own + weight * probability
        best = sorted(scored, key=lambda row: -scored[row])[: request.top_k]
        return [self._found(row, scored[row], performed.get(row, 0.0)) for row in best]

    def _vector(self, request: SearchRequest, heard: Heard | None) -> tuple[NDArray[np.float32], int | None]:
        """What is looked for, and the row of a work that is not wanted itself."""
        if request.mode == "similar":
            try:
                row = self.index.row_of(request.work_id)
            except KeyError:
                raise BadSearchError("no_such_work", f"There is no work {request.work_id[:200]!r}.") from None
            return self._model.more_like(self.index.rows.vector[row].astype(np.float32)), row
        if request.mode == "text":
            return self._model.query(request.query), None
        assert heard is not None
        if request.mode == "audio":
            return self._model.music(heard.facts), None
        return self._model.both(request.query, heard.facts, request.alpha), None

    def _performed(self, heard: Heard, allowed: NDArray[np.bool_] | None) -> dict[int, float]:
        """Rows of works that the music may be a performance of, with the probabilities."""
        performed: dict[int, float] = {}
        for work_id, probability in heard.performed:
            try:
                row = self.index.row_of(work_id)
            except KeyError:  # the index is a little older than the catalogue
                continue
            if allowed is None or allowed[row]:
                performed[row] = probability
        return performed

    def _found(self, row: int, score: float, performance: float) -> Found:
        info, rows = self.index.info(row), self.index.rows
        tempo, key, plays = float(rows.tempo_bpm[row]), int(rows.key[row]), int(rows.instruments[row])
        return Found(
            info.work_id,
            info.title,
            info.composer,
            info.path,
            round(score, 4),
            round(performance, 4),
            None if np.isnan(tempo) else round(tempo, 1),
            f"{TONICS[key % 12]} {'minor' if key >= 12 else 'major'}",
            tuple(name for number, name in enumerate(INSTRUMENTS) if plays >> number & 1),
        )
