"""Places of works that sound like a query: nearest windows, joined where they follow one another.

A window of the query that starts at note q and is near a window of the works that starts at note r speaks for the
diagonal r - q. What speaks for neighbouring diagonals adds up, as in the sequence search of Chang et al., "Neural audio
fingerprint for high-specific audio retrieval", ICASSP 2021; counted in notes, so that tempo never enters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .index import VectorIndex
from .windows import Windows

QUERY_HOP_NOTES = 2
MOST_WINDOWS = 16
"""Of a query's windows at most so many are looked up, evenly spread."""
NEIGHBOURS = 48
"""Windows of the works that each window of the query is compared with."""
BIN_NOTES = 12
LEAST_COSINE = 0.3
"""Less similar windows say nothing."""


@dataclass(frozen=True, slots=True)
class Places:
    """Places, best first; arrays of one entry a place.

    Attributes:
        note: int64, the number of the note at which the query's first note is expected; may lie a little outside of
            the work.
        score: float64, what speaks for it.
        inside: int64, the number of a note that surely lies in the work.
    """

    note: NDArray[np.int64]
    score: NDArray[np.float64]
    inside: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.note)


def query_windows(notes: Notes) -> Windows:
    """The windows of a query that are looked up."""
    windows = Windows.of(notes, QUERY_HOP_NOTES)
    if len(windows) > MOST_WINDOWS:
        windows = windows.take(np.linspace(0, len(windows) - 1, MOST_WINDOWS).round().astype(np.int64))
    return windows


def find_places(windows: Windows, vectors: NDArray[np.float32], index: VectorIndex, top: int) -> Places:
    """The ``top`` places that sound most like the query of ``windows``, whose ``vectors`` these are.

    The ids of ``index`` are numbers of notes.
    """
    cosines, ids = index.search(vectors, NEIGHBOURS)
    row, _ = near = np.nonzero((ids >= 0) & (cosines > LEAST_COSINE))
    return _joined(row, ids[near], windows.first[row], cosines[near].astype(np.float64) - LEAST_COSINE, top)


def _joined(
    window: NDArray[np.int64],
    note: NDArray[np.int64],
    query_note: NDArray[np.int64],
    weight: NDArray[np.float64],
    top: int,
) -> Places:
    diagonal = note - query_note
    # Bins overlap by half, so that none parts what belongs together.
    bins = np.concatenate((diagonal // BIN_NOTES * 2, (diagonal + BIN_NOTES // 2) // BIN_NOTES * 2 - 1))
    source = np.tile(np.arange(len(note)), 2)
    # Of a window's neighbours in one bin only the nearest counts.
    order = np.lexsort((-weight[source], window[source], bins))
    bins, source = bins[order], source[order]
    first = np.ones(len(bins), bool)
    first[1:] = (bins[1:] != bins[:-1]) | (window[source[1:]] != window[source[:-1]])
    bins, source = bins[first], source[first]
    names, starts = np.unique(bins, return_index=True)
    score = np.add.reduceat(weight[source], starts) if len(names) else np.zeros(0)
    best = np.argsort(-score, kind="stable")[: 2 * top]
    # The two bins that a place lies in are one place.
    kept = best[np.unique(source[starts[best]], return_index=True)[1]]
    kept = kept[np.argsort(-score[kept], kind="stable")][:top]
    chosen = source[starts[kept]]
    return Places(diagonal[chosen], score[kept], note[chosen])
