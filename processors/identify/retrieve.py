"""Retrieval: passages of the catalogue worth aligning, by votes of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .segment import Segment
from .tokens import QueryTokens
from .votes import BIN_BITS, OFFSET, best_bins, clear, length_limit, list_bounds, vote

COMMON_SHARE = 500
"""A list with one posting for so many notes of the segment weighs 1."""
MARGIN_NOTES = 24
"""Passages reach so many notes, and a third of the query, beyond where they are expected."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

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


class _Bins(NamedTuple):
    bins: NDArray[np.int32]
    votes: NDArray[np.int32]
    shift: int


class Workspace:
    """Arrays that one query at a time uses."""

    def __init__(self) -> None:
        self.table = np.zeros(0, np.uint32)
        self.shared = np.zeros(0, np.int32)

    def bins(self, count: int) -> NDArray[np.uint32]:
        """A table with so many bins, all zero."""
        if len(self.table) < count:
            self.table = np.zeros(count, np.uint32)
            self.shared = np.zeros(count, np.int32)
        return self.table[:count]


def retrieve(segment: Segment, tokens: QueryTokens, notes: int, effort: Effort, workspace: Workspace) -> Passages:
    """The passages of ``segment`` with the most votes."""
    shifts = effort.max_shift
    bounds = list_bounds(segment.starts, segment.packed, segment.stored, tokens.token, tokens.pitch, -shifts, shifts)
    longest = length_limit(bounds, effort.budget)
    common = max(segment.notes // COMMON_SHARE, 64)
    table = workspace.bins((segment.notes + 2 * OFFSET >> BIN_BITS) + 2)
    found: list[_Bins] = []
    for column in range(2 * shifts + 1):
        lists = (segment.packed, bounds, column, tokens.note, longest)
        used = vote(*lists, common, table, workspace.shared)
        found.append(_Bins(*best_bins(table, workspace.shared, used, effort.keep), shifts - column))
        clear(*lists, table)
    votes = np.concatenate([part.votes for part in found])
    bins = np.concatenate([part.bins for part in found]).astype(np.int64)
    shift = np.repeat([part.shift for part in found], [len(part.bins) for part in found])
    if len(votes) > effort.keep:
        best = np.argpartition(-votes, effort.keep)[: effort.keep]
        votes, bins, shift = votes[best], bins[best], shift[best]
    diagonal = (bins << BIN_BITS) + (1 << BIN_BITS >> 1) - OFFSET
    return _passages(segment, votes, diagonal, shift, notes)


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
