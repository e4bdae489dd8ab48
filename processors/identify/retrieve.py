"""Retrieval: passages of the catalogue worth aligning, by votes of tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .segment import Segment
from .tokens import QueryTokens
from .votes import OFFSET, best_bins, clear, length_limit, list_bounds, vote


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard to look.

    Attributes:
        wide: many tokens, which survive mistakes.
        max_shift: transpositions up to so many semitones either way.
        budget: postings read at the most, of all transpositions; the longest lists are left out first.
        bits: votes are gathered in bins of 2**bits note numbers.
        slopes: reference notes a query note, each tried.
        keep: passages a segment to align, of all transpositions.
        rank: passages a segment to rank, the best aligned.
        missed_group: what a group without a match costs in the alignment.
    """

    wide: bool
    max_shift: int
    budget: int
    bits: int
    slopes: tuple[float, ...]
    keep: int
    rank: int
    missed_group: int


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
    common = max(segment.notes // 500, 64)
    table = workspace.bins((segment.notes + 2 * OFFSET >> effort.bits) + 2)
    found: list[tuple[NDArray[np.int32], NDArray[np.int32], int, float]] = []
    for column in range(2 * shifts + 1):
        for slope in effort.slopes:
            lists = (segment.packed, bounds, column, tokens.note, longest)
            used = vote(*lists, common, effort.bits, slope, table, workspace.shared)
            bins, votes = best_bins(table, workspace.shared, used, effort.keep)
            clear(*lists, effort.bits, slope, table)
            found.append((bins, votes, shifts - column, slope))
    votes = np.concatenate([f[1] for f in found])
    diagonal = (
        (np.concatenate([f[0] for f in found]).astype(np.int64) << effort.bits) + (1 << effort.bits >> 1) - OFFSET
    )
    shift = np.repeat([f[2] for f in found], [len(f[0]) for f in found])
    slope = np.repeat([f[3] for f in found], [len(f[0]) for f in found])
    if len(votes) > effort.keep:
        best = np.argpartition(-votes, effort.keep)[: effort.keep]
        votes, diagonal, shift, slope = votes[best], diagonal[best], shift[best], slope[best]
    return _passages(segment, votes, diagonal, shift, slope, notes, 1 << effort.bits)


def _passages(
    segment: Segment,
    votes: NDArray[np.int32],
    diagonal: NDArray[np.int64],
    shift: NDArray[np.int64],
    slope: NDArray[np.float64],
    count: int,
    width: int,
) -> Passages:
    length = (count * slope).astype(np.int64)
    work = np.searchsorted(segment.work_note, diagonal + length // 2, side="right") - 1
    work = np.clip(work, 0, segment.works - 1)
    margin = 16 + width + count // 3
    first = np.maximum(diagonal - margin, segment.work_note[work])
    last = np.minimum(diagonal + length + margin, segment.work_note[work + 1])
    valid = ~segment.removed[work] & (last > first)
    return Passages(work[valid], first[valid], last[valid], shift[valid], votes[valid].astype(np.int64))
