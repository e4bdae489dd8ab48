"""Identification: which work the notes are from, and where in it; or honestly unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory
from typing import Literal, TypeAlias

import numpy as np

from processors.notes import Notes
from processors.score_beats import ScoreBeats
from schemas.events import Candidate, Evidence, Place

from .builder import WorkEntry
from .catalogue import Catalogue
from .confidence import Confidence, evidence_of
from .groups import group_notes
from .place import Place as PlaceInWork
from .places import Fit, fit_passages, passage_of, places_in_work
from .ranking import Ranking
from .retrieve import Workspace
from .search import Hit, efforts_within, search

MIN_NOTES = 5
"""Fewer notes are never identified: too many works hold them."""
MAX_NOTES = 256
"""Of a longer query the middle is identified."""
REPEATS_CONFIDENCE = 0.01
"""Less likely candidates are given with one place only."""


Status: TypeAlias = Literal["matched", "unknown"]


@dataclass(frozen=True, slots=True)
class Identification:
    """The answer to a query.

    Attributes:
        status: ``matched`` when the first candidate is believed, else ``unknown``.
        candidates: ranked, best first; also given when unknown, with their low confidence.
        notes_heard: how many notes the answer rests on.
        confidence: the probability that the music is in the catalogue and found; the candidates share it.
    """

    status: Status
    candidates: tuple[Candidate, ...]
    notes_heard: int
    confidence: float = 0.0


class Identifier:
    """Answers queries from a catalogue; safe to use from many threads at once.

    Args:
        catalogue: what is looked in.
        top: candidates in an answer, at most.
        max_shift: transpositions that are tried, semitones either way, at most 6; with 0 music is only found in its
            key, which is faster and surer for few notes.
    """

    def __init__(self, catalogue: Catalogue, top: int = 5, max_shift: int = 6) -> None:
        self.catalogue = catalogue
        self.top = top
        self.max_shift = max_shift
        self.confidence = Confidence.load()
        self.ranking = Ranking.load()
        self._efforts = efforts_within(max_shift)
        self._workspaces: SimpleQueue[Workspace] = SimpleQueue()

    def warm_up(self) -> None:
        """Compile and load everything, so that no first query pays for it, whatever the catalogue holds."""
        rng = np.random.default_rng(0)
        notes = Notes.of(np.repeat(np.arange(40) * 0.25, 2), rng.integers(40, 80, 80))
        with TemporaryDirectory() as folder:
            catalogue = Catalogue.build(folder, [WorkEntry("warm-up", "", "", "", notes)])
            small = Identifier(catalogue, self.top)
            small.identify(notes)
            small.look_up(Notes.of(notes.onset_s, rng.integers(40, 80, 80)))
        self.look_up(notes)

    def identify(self, notes: Notes, span_s: tuple[float, float] | None = None) -> Identification:
        """Find ``notes`` in the catalogue, in any key within half an octave and any tempo from 0.25 to 4 times.

        Of more than ``MAX_NOTES`` notes the middle is looked up.

        Args:
            notes: the query; onsets on any clock.
            span_s: the stretch of the query's clock whose place is wanted; by default from the first onset to the
            last end.
        """
        heard = _middle(notes)
        return self.answer(heard, self.look_up(heard), span_s or _span(notes), repeats=True)

    def look_up(self, heard: Notes, quick: bool = False, max_shift: int | None = None) -> list[Hit]:
        """The best passage of each work that may be what was heard, best first; of at most ``MAX_NOTES`` notes.

        ``quick`` leaves out the searches for music with many mistakes; ``max_shift`` allows fewer transpositions than
        the identifier does.
        """
        query = group_notes(heard)
        if len(query.pitch) < MIN_NOTES:
            return []
        workspace = self._workspace()
        try:
            wanted = self._efforts if max_shift is None else efforts_within(min(max_shift, self.max_shift))
            efforts = [effort for effort in wanted if not (quick and effort.wide)]
            segments = self.catalogue.segments
            return search(segments, heard, query, self.ranking, self.confidence, workspace, efforts)
        finally:
            self._workspaces.put(workspace)

    def answer(
        self, heard: Notes, ranked: Sequence[Hit], span_s: tuple[float, float], repeats: bool = False
    ) -> Identification:
        """What ``ranked`` passages say about what was heard, with the place of ``span_s`` in the works.

        With ``repeats`` all places of a work are looked for that fit equally well; otherwise the passages are kept to.
        """
        if not ranked:
            return Identification("unknown", (), len(heard))
        query = group_notes(heard)
        known = self.confidence.known(evidence_of(ranked, len(query.pitch)))
        shares = self.confidence.shares([hit.rank for hit in ranked[: self.top]])
        candidates = []
        for number, (hit, share) in enumerate(zip(ranked, shares, strict=False), 1):
            confidence = known * share
            everywhere = repeats and confidence >= REPEATS_CONFIDENCE
            passages = places_in_work(hit, query, self.ranking) if everywhere else passage_of(hit)
            lead = hit.rank - ranked[number].rank if number < len(ranked) else None
            candidates.append(_candidate(hit, fit_passages(hit, passages, query, span_s), confidence, lead, heard))
        status: Status = "matched" if known >= self.confidence.threshold else "unknown"
        return Identification(status, tuple(candidates), len(heard), known)

    def _workspace(self) -> Workspace:
        try:
            return self._workspaces.get_nowait()
        except Empty:
            return Workspace()


def _middle(notes: Notes) -> Notes:
    extra = len(notes) - MAX_NOTES
    if extra <= 0:
        return notes
    part = slice(extra // 2, extra // 2 + MAX_NOTES)
    return Notes(notes.onset_s[part], notes.duration_s[part], notes.pitch[part], notes.velocity[part])


def _span(notes: Notes) -> tuple[float, float]:
    return (float(notes.onset_s[0]), notes.end_s) if len(notes) else (0.0, 0.0)


def _candidate(hit: Hit, fits: Sequence[Fit], confidence: float, lead: float | None, heard: Notes) -> Candidate:
    info = hit.segment.info(hit.work)
    beats = hit.segment.score_beats(hit.work)
    places = tuple(_place(fit.place, beats) for fit in fits)
    best = fits[0]
    return Candidate(
        work_id=info.work_id,
        title=info.title,
        composer=info.composer,
        path=info.path,
        confidence=confidence,
        ref_start_s=places[0].ref_start_s,
        ref_end_s=places[0].ref_end_s,
        ref_start_beat=places[0].ref_start_beat,
        ref_end_beat=places[0].ref_end_beat,
        transposition=hit.shift,
        tempo_ratio=best.place.tempo_ratio,
        score=hit.aligned,
        matched_notes=best.matched,
        places=places,
        evidence=Evidence(
            notes=best.matched,
            share=best.matched / len(heard),
            misfit=best.place.misfit,
            lead=lead,
            effort=hit.effort,
        ),
    )


def _place(place: PlaceInWork, beats: ScoreBeats | None) -> Place:
    if beats is None:
        return Place(place.start_s, place.end_s)
    return Place(place.start_s, place.end_s, beats.beat_at(place.start_s), beats.beat_at(place.end_s))
