"""Identification: which work the notes are from, and where in it; or honestly unknown."""

from __future__ import annotations

from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from schemas.events import Candidate

from .alignment import UNIT, align_many, align_path
from .catalogue import Catalogue
from .confidence import Confidence, Evidence
from .groups import Grouped, group_notes
from .place import Place, fit_place
from .retrieve import Effort, Workspace, retrieve
from .segment import Segment
from .tokens import Tokens, query_tokens

MIN_NOTES = 5
"""Fewer notes are never identified: too many works hold them."""
MAX_NOTES = 400
"""Of a longer query the middle is identified."""

EFFORTS = (
    Effort(wide=False, max_shift=0, budget=60_000, bits=3, slopes=(1.0,), keep=40, missed_group=6),
    Effort(wide=True, max_shift=6, budget=1_500_000, bits=3, slopes=(1.0,), keep=200, missed_group=6),
)
"""Tried in turn until the answer is sure."""

SURE_SCORE = 16 * UNIT
SURE_SHARE = 0.62
"""An answer is sure when it scores so much, so much a note, and its lead over the next work is so much a note."""
SURE_LEAD = 0.15

SAME_KEY = 10
"""Music is more often in the key of the score than not: what that is worth in alignment units."""


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer to a query.

    Attributes:
        status: ``matched`` when the first candidate is believed, else ``unknown``.
        candidates: ranked, best first; also given when unknown, with their low confidence.
        notes_heard: how many notes the answer rests on.
    """

    status: Literal["matched", "unknown"]
    candidates: tuple[Candidate, ...]
    notes_heard: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was aligned with the query.

    Attributes:
        score: in units of the alignment.
        rank: the score with the prior of its key.
    """

    segment: Segment
    work: int
    first: int
    last: int
    shift: int
    score: int
    missed_group: int

    @property
    def rank(self) -> int:
        return self.score + (SAME_KEY if self.shift == 0 else 0)


class Identifier:
    """Answers queries from a catalogue; safe to use from many threads at once."""

    def __init__(self, catalogue: Catalogue, top: int = 5, confidence: Confidence | None = None) -> None:
        self.catalogue = catalogue
        self.top = top
        self.confidence = confidence or Confidence.load()
        self._workspaces: SimpleQueue[Workspace] = SimpleQueue()

    def warm_up(self) -> None:
        """Compile and load everything, so that no first query pays for it."""
        rng = np.random.default_rng(0)
        onset_s = np.repeat(np.arange(20) * 0.25, 2)
        notes = Notes.of(onset_s, rng.integers(40, 80, len(onset_s)))
        self.identify(notes)
        grouped = group_notes(notes)
        stored = np.frombuffer(bytes([188, 60, 190]), np.uint8)
        align_path(stored, 0, 3, 0, grouped.pitch, 6)

    def identify(self, notes: Notes, span_s: tuple[float, float] | None = None) -> Identification:
        """Find ``notes`` in the catalogue, in any key within half an octave and any tempo from 0.25 to 4 times.

        Of more than ``MAX_NOTES`` notes the middle is looked up.

        Args:
            notes: the query; onsets on any clock.
            span_s: the stretch of the query's clock whose place is wanted; by default from the first onset to the last end.
        """
        heard = _middle(notes)
        query = group_notes(heard)
        span = span_s or ((float(notes.onset_s[0]), notes.end_s) if len(notes) else (0.0, 0.0))
        if len(query.pitch) < MIN_NOTES or not len(self.catalogue):
            return Identification("unknown", (), len(heard))
        workspace = self._workspace()
        try:
            hits = self._search(query, workspace)
        finally:
            self._workspaces.put(workspace)
        return self._answer(query, hits, span, len(heard))

    def _workspace(self) -> Workspace:
        try:
            return self._workspaces.get_nowait()
        except Empty:
            return Workspace()

    def _search(self, query: Grouped, workspace: Workspace) -> list[Hit]:
        hits: list[Hit] = []
        for effort in EFFORTS:
            tokens = query_tokens(query, effort.wide)
            for segment in self.catalogue.segments:
                if len(tokens.token):
                    hits += self._hits(segment, query, tokens, effort, workspace)
            if _is_sure(hits, len(query.pitch)):
                break
        return hits

    def _hits(
        self, segment: Segment, query: Grouped, tokens: Tokens, effort: Effort, workspace: Workspace
    ) -> list[Hit]:
        passages = retrieve(segment, query, tokens, effort, workspace)
        scores = align_many(
            segment.stored, passages.first, passages.last, passages.shift, query.pitch, effort.missed_group
        )
        best = np.argsort(-scores, kind="stable")[: 8 * self.top]
        return [
            Hit(
                segment,
                int(passages.work[i]),
                int(passages.first[i]),
                int(passages.last[i]),
                int(passages.shift[i]),
                int(scores[i]),
                effort.missed_group,
            )
            for i in best
            if scores[i] > 0
        ]

    def _answer(self, query: Grouped, hits: list[Hit], span_s: tuple[float, float], heard: int) -> Identification:
        ranked = _best_of_each_work(hits)
        placed = [(hit, *self._place(query, hit, span_s)) for hit in ranked[: self.top]]
        if not placed:
            return Identification("unknown", (), heard)
        best, place, matched = placed[0]
        evidence = Evidence(
            notes=len(query.pitch),
            score=best.score / UNIT,
            background=_background(ranked) / UNIT,
            matched=int(matched),
            misfit=place.misfit,
        )
        known = self.confidence.known(evidence)
        shares = self.confidence.shares([hit.rank / UNIT for hit in ranked[: self.top]])
        candidates = tuple(
            _candidate(hit, place, matched, known * share)
            for (hit, place, matched), share in zip(placed, shares, strict=True)
        )
        return Identification("matched" if known >= self.confidence.threshold else "unknown", candidates, heard)

    def _place(self, query: Grouped, hit: Hit, span_s: tuple[float, float]) -> tuple[Place, int]:
        _, matched = align_path(hit.segment.stored, hit.first, hit.last, hit.shift, query.pitch, hit.missed_group)
        which = np.flatnonzero(matched >= 0)
        before = hit.segment.stored[int(hit.segment.work_note[hit.work]) : hit.first + 1] >> 7
        group = matched[which] + int(np.count_nonzero(before)) - 1
        work_s = hit.segment.group_onsets_s(hit.work)[group]
        query_s: NDArray[np.float64] = query.note_ms[which] / 1000.0
        return fit_place(query_s, work_s, *span_s), len(which)


def _middle(notes: Notes) -> Notes:
    extra = len(notes) - MAX_NOTES
    if extra <= 0:
        return notes
    part = slice(extra // 2, extra // 2 + MAX_NOTES)
    return Notes(notes.onset_s[part], notes.duration_s[part], notes.pitch[part], notes.velocity[part])


def _best_of_each_work(hits: list[Hit]) -> list[Hit]:
    best: dict[tuple[int, int], Hit] = {}
    for hit in hits:
        key = (id(hit.segment), hit.work)
        if key not in best or hit.rank > best[key].rank:
            best[key] = hit
    return sorted(best.values(), key=lambda hit: -hit.rank)


def _background(ranked: list[Hit]) -> int:
    """The score of works that are surely not played; not of the second, which may be the same music again."""
    return ranked[min(5, len(ranked) - 1)].score if len(ranked) > 1 else 0


def _is_sure(hits: list[Hit], notes: int) -> bool:
    ranked = _best_of_each_work(hits)
    if not ranked:
        return False
    score = ranked[0].score
    lead = score - (ranked[1].score if len(ranked) > 1 else 0)
    return score >= SURE_SCORE and score >= SURE_SHARE * UNIT * notes and lead >= SURE_LEAD * UNIT * notes


def _candidate(hit: Hit, place: Place, matched: int, confidence: float) -> Candidate:
    info = hit.segment.info(hit.work)
    return Candidate(
        work_id=info.work_id,
        title=info.title,
        composer=info.composer,
        path=info.path,
        confidence=confidence,
        ref_start_s=place.start_s,
        ref_end_s=place.end_s,
        transposition=hit.shift,
        tempo_ratio=place.tempo_ratio,
        score=hit.score / UNIT,
        matched_notes=matched,
    )
