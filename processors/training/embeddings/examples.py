"""Training examples: windows of performances beside the windows of the works that they are."""

from __future__ import annotations

from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from processors.embeddings.constants import HOP_NOTES, MIN_NOTES, WINDOW_NOTES
from processors.embeddings.windows import NO_NOTE, Windows, normalised

from .pool import Pool

PLACES = 4
"""Windows from each passage of a batch: other places of the work are the first hard negatives."""
ALIKE = 96
"""Passages in a group of similar ones, on average."""
SHORT_SHARE = 0.15
"""Share of the performed windows that are short, as brief clips are."""
SHORTEST = max(MIN_NOTES, 8)
SAME_NOTES = 0.75
"""Windows of one work with so many pitches in common count as the same music, not as negatives."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs: row i of ``played`` is played from row i of ``written``.

    Attributes:
        same: bool [pairs, pairs], where a performance may well fit another pair's window too.
    """

    played: Windows
    written: Windows
    same: NDArray[np.bool_]


class Sampler:
    """Chooses the passages of batches, of the works that are held out or of the others."""

    def __init__(self, pool: Pool, rng: np.random.Generator, held_out: bool = False) -> None:
        length = np.diff(pool.passage_note)
        kept = pool.held_out[pool.passage_work] == held_out
        self.passages = np.flatnonzero(kept & (length >= WINDOW_NOTES + PLACES))
        self._rng = rng
        self._alike: list[NDArray[np.int64]] = []

    def regroup(self, vectors: NDArray[np.float32]) -> None:
        """Gather ``passages`` whose vectors (one each) lie close together: hard negatives of each other."""
        means = faiss.Kmeans(vectors.shape[1], len(vectors) // ALIKE, niter=8, seed=0, spherical=True)
        means.train(vectors)
        _, nearest = means.index.search(vectors, 1)
        order = np.argsort(nearest[:, 0], kind="stable")
        groups = np.split(self.passages[order], np.flatnonzero(np.diff(nearest[order, 0])) + 1)
        self._alike = [group for group in groups if len(group) >= ALIKE // 8]

    def draw(self, count: int) -> NDArray[np.int64]:
        """So many different passages; once they were grouped, half of them from a few groups."""
        chosen: set[int] = set()
        while self._alike and len(chosen) < count // 2:
            group = self._alike[self._rng.integers(len(self._alike))]
            chosen.update(self._rng.choice(group, min(len(group), ALIKE // 8), replace=False).tolist())
        while len(chosen) < count:
            chosen.add(int(self._rng.choice(self.passages)))
        return np.fromiter(chosen, np.int64, len(chosen))[:count]


def middle_windows(pool: Pool, passages: NDArray[np.int64]) -> Windows:
    """The works' windows in the middle of passages."""
    middle = pool.place[(pool.passage_note[passages] + pool.passage_note[passages + 1]) // 2]
    latest = pool.work_note[pool.passage_work[passages] + 1] - WINDOW_NOTES
    return Windows.at(pool.work_onset_s, pool.work_pitch, np.minimum(middle, latest))


def make_batch(pool: Pool, passages: NDArray[np.int64], rng: np.random.Generator) -> Batch:
    """``PLACES`` pairs from each of the passages."""
    passage = np.repeat(passages, PLACES)
    room = pool.passage_note[passage + 1] - pool.passage_note[passage] - WINDOW_NOTES
    first = pool.passage_note[passage] + (rng.random(len(passage)) * room).astype(np.int64)
    played = Windows.at(pool.onset_s, pool.pitch, first)
    _shorten(played, rng)
    centre = pool.place[first + WINDOW_NOTES // 2]
    # A work's windows lie on a grid, and a performance starts anywhere.
    offset = rng.integers(-(HOP_NOTES // 2), HOP_NOTES // 2 + 1, len(first))
    work = pool.passage_work[passage]
    earliest, latest = pool.work_note[work], pool.work_note[work + 1] - WINDOW_NOTES
    begin = np.clip(centre - WINDOW_NOTES // 2 + offset, earliest, latest)
    written = Windows.at(pool.work_onset_s, pool.work_pitch, begin)
    return Batch(played, written, _same(begin, work, written.pitch))


def _shorten(windows: Windows, rng: np.random.Generator) -> None:
    """Cut some windows short, and give them the time scale of short clips."""
    for row in np.flatnonzero(rng.random(len(windows)) < SHORT_SHARE):
        count = int(rng.integers(SHORTEST, WINDOW_NOTES))
        windows.time[row, :count] = normalised(windows.time[row : row + 1, :count])[0]
        windows.time[row, count:] = 0.0
        windows.pitch[row, count:] = NO_NOTE


def _same(begin: NDArray[np.int64], work: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Windows of one work that overlap or have nearly the same pitches."""
    one_work = work[:, None] == work
    same: NDArray[np.bool_] = one_work & (np.abs(begin[:, None] - begin) < WINDOW_NOTES)
    count = np.zeros((len(pitch), 128), np.int64)
    np.add.at(count, (np.arange(len(pitch))[:, None], pitch), 1)
    for i, j in np.argwhere(one_work & ~same):
        same[i, j] = np.minimum(count[i], count[j]).sum() >= SAME_NOTES * WINDOW_NOTES
    return same
