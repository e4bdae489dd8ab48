"""Retrieval: passages of the catalogue worth aligning, by votes of tokens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .lists import length_limit, list_bounds
from .segment import Segment
from .tokens import QueryTokens
from .votes import BIN_BITS, OFFSET, gather

COMMON_SHARE = 500
"""A list with one posting for so many notes of the segment weighs 1."""
MARGIN_NOTES = 24
"""Passages reach so many notes, and a third of the query, beyond where they are expected."""

FEW_NOTES = 40
LEAST_BUDGET, LEAST_KEPT = 0.5, 0.15
LEAST_RANKED = 8


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look for a query of up to ``FEW_NOTES`` notes.

    Attributes:
        wide: many tokens, which survive mistakes.
        max_shift: transpositions up to so many semitones either way.
        budget: postings read at the most, of all transpositions; the longest lists are left out first.
        keep: passages a segment to align, of all transpositions.
        rank: passages a segment to rank, the best aligned.
    """

    wide: bool
    max_shift: int
    budget: int
    keep: int
    rank: int

    def for_notes(self, notes: int) -> Effort:
        """The effort for a longer query: each passage costs more, and what was played stands out more clearly."""
        share = min(FEW_NOTES / max(notes, 1), 1.0)
        return replace(
            self,
            budget=int(self.budget * max(share, LEAST_BUDGET)),
            keep=int(self.keep * max(share**1.5, LEAST_KEPT)),
            rank=max(int(self.rank * max(share**1.5, LEAST_KEPT)), min(LEAST_RANKED, self.rank)),
        )


@dataclass(frozen=True, slots=True)
class Passages:
    """Parts of a segment's works that may be what was played; all arrays int64 with an entry a passage.

    Attributes:
        work: number of the work in the segment.
        first, last: notes [first, last) of the segment.
        shift: semitones that the query lies above the work.
        votes: how much speaks for the passage.
    """

    work: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    shift: NDArray[np.int64]
    votes: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.work)

    def take(self, which: NDArray[np.int64]) -> Passages:
        """Some of the passages."""
        return Passages(*(getattr(self, name)[which] for name in ("work", "first", "last", "shift", "votes")))


class Workspace:
    """Arrays that one query at a time uses."""

    def __init__(self) -> None:
        self._table = np.zeros(0, np.uint16)
        self._listed = np.zeros(0, np.int32)

    def arrays(self, count: int) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
        """A table with so many bins, all zero, and room to list them."""
        if len(self._table) < count:
            self._table = np.zeros(count, np.uint16)
            self._listed = np.zeros(count, np.int32)
        return self._table[:count], self._listed


def retrieve(segment: Segment, tokens: QueryTokens, notes: int, effort: Effort, workspace: Workspace) -> Passages:
    """The passages of ``segment`` with the most votes."""
    shifts = effort.max_shift
    index = (segment.starts, segment.packed, segment.stored)
    bounds = list_bounds(*index, tokens.token, tokens.pitch, shifts, effort.budget)
    longest = length_limit(np.diff(bounds, axis=1), effort.budget)
    common = max(segment.notes // COMMON_SHARE, 64)
    table, listed = workspace.arrays((segment.notes + 2 * OFFSET >> BIN_BITS) + 2)
    bins, votes, column = gather(segment.packed, bounds, tokens.note, longest, common, effort.keep, table, listed)
    if len(votes) > effort.keep:
        best = np.argpartition(-votes, effort.keep)[: effort.keep]
        bins, votes, column = bins[best], votes[best], column[best]
    diagonal = (bins.astype(np.int64) << BIN_BITS) + (1 << BIN_BITS >> 1) - OFFSET
    return _passages(segment, votes, diagonal, shifts - column.astype(np.int64), notes)


def _passages(
    segment: Segment, votes: NDArray[np.int32], diagonal: NDArray[np.int64], shift: NDArray[np.int64], count: int
) -> Passages:
    work = np.searchsorted(segment.work_note, diagonal + count // 2, side="right") - 1
    work = np.clip(work, 0, segment.works - 1)
    margin = MARGIN_NOTES + count // 3
    first = np.maximum(diagonal - margin, segment.work_note[work])
    last = np.minimum(diagonal + count + margin, segment.work_note[work + 1])
    valid = ~segment.removed[work] & (last > first)
    return Passages(work[valid], first[valid], last[valid], shift[valid], votes[valid].astype(np.int64))
