"""A catalogue's works found by their sound: places near in the space of embeddings, then aligned and ranked."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from processors.identify.alignment import align_many
from processors.identify.catalogue import Catalogue
from processors.identify.groups import Grouped, group_notes
from processors.identify.ranking import FEATURE_NAMES, Ranking, rank_features
from processors.identify.retrieve import MARGIN_NOTES, Passages
from processors.identify.search import Hit
from processors.identify.segment import Segment
from processors.notes import Notes

from .constants import HOP_NOTES
from .embedder import NoteEmbedder
from .index import VectorIndex, VectorIndexError
from .places import Places, find_places
from .windows import Windows

PLACES = 64
"""Places that are aligned, each in all keys."""
MAX_SHIFT = 6
VOTES = 1000
"""What the best place has; passages have whole numbers of votes."""
RANKED = 40
"""Passages of a segment that are ranked, the best aligned."""
SHARE_WEIGHT = 2.0
"""Log odds of the place that the vectors like best, over one that they do not know; chosen on simulated clips."""
SHARE = FEATURE_NAMES.index("vote_share")
"""The ranking model's feature that tells how many tokens speak for a passage; here it tells how much vectors do."""


class EmbeddedCatalogue:
    """A catalogue and the vectors of its works' windows; safe to use from many threads.

    Ids in the index are numbers of notes, counted through the catalogue's segments.
    """

    def __init__(self, catalogue: Catalogue, embedder: NoteEmbedder, index: VectorIndex) -> None:
        self.catalogue = catalogue
        self.index = index
        self._embedder = embedder
        self._ranking = Ranking.load()
        self._bases = np.cumsum([0] + [segment.notes for segment in catalogue.segments])

    @classmethod
    def build(
        cls,
        catalogue: Catalogue,
        embedder: NoteEmbedder,
        path: str | os.PathLike[str],
        progress: Callable[[], None] = lambda: None,
    ) -> EmbeddedCatalogue:
        """Embed every work into an index in the folder ``path``; ``progress`` is called after each work.

        Raises:
            CatalogueError: another writer is at work, or the disk refuses.
        """
        vectors, ids, base = [np.zeros((0, embedder.dimension), np.float32)], [np.zeros(0, np.int64)], 0
        for segment in catalogue.segments:
            for work in np.flatnonzero(~segment.removed).tolist():
                windows = Windows.of(segment.work_notes(work), HOP_NOTES)
                vectors.append(embedder.embed(windows))
                ids.append(windows.first + int(segment.work_note[work]) + base)
                progress()
            base += segment.notes
        index = VectorIndex.build(path, np.concatenate(vectors), np.concatenate(ids), embedder.model, catalogue.version)
        return cls(catalogue, embedder, index)

    @classmethod
    def open(cls, catalogue: Catalogue, embedder: NoteEmbedder, path: str | os.PathLike[str]) -> EmbeddedCatalogue:
        """Open the index in the folder ``path``.

        Raises:
            VectorIndexError: there is none, it is damaged, or of another model or another state of the catalogue.
        """
        index = VectorIndex.open(path, embedder.model)
        if index.manifest.made_from != catalogue.version:
            raise VectorIndexError(f"The index at {path} was made from another state of the catalogue; build it again.")
        return cls(catalogue, embedder, index)

    def places(self, heard: Notes, top: int = PLACES) -> Places:
        """The places that sound most like what was heard, without a look at their notes."""
        return find_places(heard, self._embedder, self.index, top)

    def works(self, places: Places) -> list[tuple[Segment, int]]:
        """The work of each place."""
        owner = self._owner(places.inside)
        found = []
        for number, inside in zip(owner.tolist(), places.inside.tolist(), strict=True):
            segment = self.catalogue.segments[number]
            found.append((segment, int(_work_at(segment, inside - int(self._bases[number])))))
        return found

    def hits(self, heard: Notes, places: Places) -> list[Hit]:
        """The best passage of each work at ``places``, best first: in every key, by alignment and timing."""
        query = group_notes(heard)
        owner = self._owner(places.inside)
        strongest = float(places.score.max(initial=1e-9))
        best: dict[tuple[int, int], Hit] = {}
        for number in np.unique(owner).tolist():
            segment = self.catalogue.segments[number]
            here = places.take(owner == number)
            votes = np.maximum(VOTES * here.score / strongest, 1.0).astype(np.int64)
            passages = _passages(segment, here, votes, int(self._bases[number]), len(query.pitch))
            for hit in _ranked(segment, passages, query, self._ranking):
                key = (number, hit.work)
                if key not in best or hit.rank > best[key].rank:
                    best[key] = hit
        return sorted(best.values(), key=lambda hit: -hit.rank)

    def _owner(self, note: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.searchsorted(self._bases, note, side="right") - 1


def merged(first: list[Hit], second: list[Hit]) -> list[Hit]:
    """Hits of the fingerprints and then of the vectors together: the better one of each work, best first.

    What both found has the word of both.
    """
    best = {(id(hit.segment), hit.work): hit for hit in first}
    for hit in second:
        key = (id(hit.segment), hit.work)
        both = [hit]
        if key in best:
            both.append(replace(best[key], rank=best[key].rank + SHARE_WEIGHT * float(hit.features[SHARE])))
        best[key] = max(both, key=lambda one: one.rank)
    return sorted(best.values(), key=lambda hit: -hit.rank)


def _work_at(segment: Segment, note: NDArray[np.int64] | int) -> NDArray[np.int64]:
    return np.searchsorted(segment.work_note, note, side="right") - 1


def _passages(segment: Segment, places: Places, votes: NDArray[np.int64], base: int, count: int) -> Passages:
    """Where ``count`` notes may lie in the segment, in every key."""
    work = _work_at(segment, places.inside - base)
    start = places.note - base
    margin = MARGIN_NOTES + count // 3
    first = np.maximum(start - margin, segment.work_note[work].astype(np.int64))
    last = np.minimum(start + count + margin, segment.work_note[work + 1].astype(np.int64))
    shifts = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    row = np.repeat(np.flatnonzero(~segment.removed[work] & (last > first)), len(shifts))
    return Passages(work[row], first[row], last[row], np.resize(shifts, len(row)), votes[row])


def _ranked(segment: Segment, passages: Passages, query: Grouped, ranking: Ranking) -> list[Hit]:
    if not len(passages):
        return []
    scores = align_many(segment.stored, passages.first, passages.last, passages.shift, query.pitch)
    chosen = passages.take(np.argsort(-scores, kind="stable")[:RANKED])
    features = rank_features(segment, chosen, VOTES, query)
    weights = ranking.weights.copy()
    weights[SHARE] = SHARE_WEIGHT
    return [
        Hit(
            segment,
            int(chosen.work[i]),
            int(chosen.first[i]),
            int(chosen.last[i]),
            int(chosen.shift[i]),
            float(row[0]),
            row,
            float(row @ weights),
        )
        for i, row in enumerate(features)
    ]
