"""A catalogue's works found by their sound: places near in the space of embeddings, then aligned and ranked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

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
from .places import Places, find_places, query_windows
from .windows import Windows, window_starts

PLACES = 64
"""Places that are aligned, each in all keys."""
MAX_SHIFT = 6
VOTES = 1000
"""What the best place has; passages have whole numbers of votes."""
RANKED = 40
"""Passages of a segment that are ranked, the best aligned."""
SHARE_WEIGHT = 3.0
"""Log odds of the place that the vectors like best, over one that they do not know; chosen on simulated clips."""
SHARE = FEATURE_NAMES.index("vote_share")
"""The ranking model's feature that tells how many tokens speak for a passage; here it tells how much vectors do."""


class EmbeddedCatalogue:
    """A catalogue and the vectors of its works' windows; safe to use from many threads.

    Each segment has an index of its own, for segments do not change; ids are numbers of notes in the segment. A segment
    without one (works that were added since) is not searched.
    """

    def __init__(self, catalogue: Catalogue, embedder: NoteEmbedder, indexes: Sequence[VectorIndex | None]) -> None:
        self.catalogue = catalogue
        self.indexes = tuple(indexes)
        self._embedder = embedder
        self._ranking = Ranking.load()
        self._weights = self._ranking.weights.copy()
        self._weights[SHARE] = SHARE_WEIGHT

    @classmethod
    def build(
        cls,
        catalogue: Catalogue,
        embedder: NoteEmbedder,
        path: str | os.PathLike[str],
        progress: Callable[[], None] = lambda: None,
    ) -> EmbeddedCatalogue:
        """Embed the segments that have no vectors of this model yet; vectors of merged segments are deleted.

        Args:
            path: the folder of the indexes.
            progress: called after each work.

        Raises:
            CatalogueError: another writer is at work, or the disk refuses.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for segment in catalogue.segments:
            try:
                _open(folder, segment, embedder)
            except VectorIndexError:
                vectors, ids = _embedded(segment, embedder, progress)
                VectorIndex.build(_at(folder, segment), vectors, ids, embedder.model, segment.path.name)
        for old in {entry for entry in folder.iterdir() if entry.is_dir()} - {
            _at(folder, s) for s in catalogue.segments
        }:
            shutil.rmtree(old, ignore_errors=True)
        return cls.open(catalogue, embedder, folder)

    @classmethod
    def open(cls, catalogue: Catalogue, embedder: NoteEmbedder, path: str | os.PathLike[str]) -> EmbeddedCatalogue:
        """Open the indexes in the folder ``path``.

        Raises:
            VectorIndexError: one is damaged, or holds vectors of another model.
        """
        folder = Path(path)
        there = [_at(folder, segment).is_dir() for segment in catalogue.segments]
        pairs = zip(catalogue.segments, there, strict=True)
        return cls(catalogue, embedder, [_open(folder, segment, embedder) if has else None for segment, has in pairs])

    @property
    def covers_all(self) -> bool:
        """Whether every segment has vectors."""
        return all(index is not None for index in self.indexes)

    @property
    def bytes(self) -> int:
        """Bytes of the vectors on disk."""
        return sum(index.manifest.size for index in self.indexes if index is not None)

    @property
    def model(self) -> str:
        """Names the network whose vectors these are."""
        return self._embedder.model

    def __len__(self) -> int:
        return sum(len(index) for index in self.indexes if index is not None)

    def works(self, heard: Notes) -> list[tuple[Segment, int]]:
        """The works that sound most like what was heard, best first, without a look at their notes."""
        score: dict[tuple[int, int], float] = {}
        for number, places in self._places(heard):
            works = _works_at(self.catalogue.segments[number], places.inside).tolist()
            for work, value in zip(works, places.score.tolist(), strict=True):
                score[number, work] = max(value, score.get((number, work), 0.0))
        best = sorted(score, key=lambda key: -score[key])
        return [(self.catalogue.segments[number], work) for number, work in best]

    def hits(self, heard: Notes) -> list[Hit]:
        """The best passage of each such work, best first: in every key, by alignment and timing."""
        query = group_notes(heard)
        found = self._places(heard)
        strongest = max((float(places.score.max(initial=1e-9)) for _, places in found), default=1.0)
        best: dict[tuple[int, int], Hit] = {}
        for number, places in found:
            segment = self.catalogue.segments[number]
            votes = np.maximum(VOTES * places.score / strongest, 1.0).astype(np.int64)
            passages = _passages(segment, places, votes, len(query.pitch))
            for hit in self._ranked(segment, passages, query):
                key = (number, hit.work)
                if key not in best or hit.rank > best[key].rank:
                    best[key] = hit
        return sorted(best.values(), key=lambda hit: -hit.rank)

    def improve(self, heard: Notes, found: Sequence[Hit]) -> list[Hit]:
        """``found`` by other means, and what the vectors find, in one order; see ``merged``."""
        return merged(found, self.hits(heard))

    def _places(self, heard: Notes) -> list[tuple[int, Places]]:
        """The places of each segment by its number."""
        windows = query_windows(heard)
        if not len(windows):
            return []
        vectors = self._embedder.embed(windows)
        numbered = enumerate(self.indexes)
        return [(n, find_places(windows, vectors, index, PLACES)) for n, index in numbered if index is not None]

    def _ranked(self, segment: Segment, passages: Passages, query: Grouped) -> list[Hit]:
        if not len(passages):
            return []
        scores = align_many(segment.stored, passages.first, passages.last, passages.shift, query.pitch)
        chosen = passages.take(np.argsort(-scores, kind="stable")[:RANKED])
        features = rank_features(segment, chosen, VOTES, query)
        ranks = features @ self._weights
        return [
            Hit(
                segment,
                int(chosen.work[i]),
                int(chosen.first[i]),
                int(chosen.last[i]),
                int(chosen.shift[i]),
                float(features[i, 0]),
                features[i],
                float(ranks[i]),
            )
            for i in range(len(chosen))
        ]


def merged(first: Sequence[Hit], second: Sequence[Hit]) -> list[Hit]:
    """Hits of the fingerprints and of the vectors together: one of each work, best first.

    Vectors may change the order, but what they say makes no answer surer, for the confidence was fitted without them:
    each hit keeps the rank that its notes give it, and none ranks above the one before.
    """
    best = {(id(hit.segment), hit.work): (hit.rank, hit) for hit in first}
    for hit in second:
        key = (id(hit.segment), hit.work)
        said = SHARE_WEIGHT * float(hit.features[SHARE])
        choices = [(hit.rank, replace(hit, rank=hit.rank - said))]
        if key in best:
            choices.append((best[key][0] + said, best[key][1]))
        best[key] = max(choices, key=lambda choice: choice[0])
    ordered: list[Hit] = []
    for _, hit in sorted(best.values(), key=lambda choice: -choice[0]):
        ordered.append(replace(hit, rank=min(hit.rank, ordered[-1].rank)) if ordered else hit)
    return ordered


def _at(folder: Path, segment: Segment) -> Path:
    return folder / segment.path.stem


def _open(folder: Path, segment: Segment, embedder: NoteEmbedder) -> VectorIndex:
    return VectorIndex.open(_at(folder, segment), embedder.model)


def _embedded(
    segment: Segment, embedder: NoteEmbedder, progress: Callable[[], None]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors of all works of a segment, and the number of the first note of each."""
    vectors, ids = [np.zeros((0, embedder.dimension), np.float32)], [np.zeros(0, np.int64)]
    for work in np.flatnonzero(~segment.removed).tolist():
        notes = segment.work_notes(work)
        windows = Windows.at(notes.onset_s, notes.pitch, window_starts(len(notes), HOP_NOTES))
        vectors.append(embedder.embed(windows))
        ids.append(windows.first + int(segment.work_note[work]))
        progress()
    return np.concatenate(vectors), np.concatenate(ids)


def _works_at(segment: Segment, note: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.searchsorted(segment.work_note, note, side="right") - 1


def _passages(segment: Segment, places: Places, votes: NDArray[np.int64], count: int) -> Passages:
    """Where ``count`` notes may lie in the segment, in every key."""
    work = _works_at(segment, places.inside)
    margin = MARGIN_NOTES + count // 3
    first = np.maximum(places.note - margin, segment.work_note[work].astype(np.int64))
    last = np.minimum(places.note + count + margin, segment.work_note[work + 1].astype(np.int64))
    shifts = np.arange(-MAX_SHIFT, MAX_SHIFT + 1)
    row = np.repeat(np.flatnonzero(~segment.removed[work] & (last > first)), len(shifts))
    return Passages(work[row], first[row], last[row], np.resize(shifts, len(row)), votes[row])
