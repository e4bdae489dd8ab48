"""Votes: where in the catalogue the query's tokens gather.

A posting of reference note r for query note q votes for the diagonal r - q, in bins of note numbers: time and tempo
never enter. Each query note counts once a bin, and rare tokens count more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled
from .postings import POSTING_BYTES

MAX_WEIGHT = 8
MOST_VOTES = 1023
"""A cell of the table is 16 bits, so that it stays in the processor's cache: votes in bits 0-9, whether
several notes voted in bit 10, the last query note that voted in bits 11-15, so that each counts once."""
SEVERAL = 1 << 10
MARK_SHIFT = 11
MARKS = 31
CLEAR_ALL = 16
"""Clearing the table at once costs as much as clearing so many times fewer bins one by one."""
BIN_BITS = 3
"""Bins hold 2**BIN_BITS diagonals."""
OFFSET = 1024
"""Added to diagonals, so that they are positive; more than a query has notes."""


@compiled
def gather(
    packed: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    note: NDArray[np.int32],
    longest: int,
    common: int,
    wanted: int,
    table: NDArray[np.uint16],
    listed: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """The bins with the most votes of all transpositions, neighbours added.

    Args:
        bounds: of ``list_bounds``.
        note: the query note of each token, ascending.
        longest: longer lists are left out.
        common: the length of a list that weighs 1; each halving adds one.
        wanted: how many bins are wanted; all that tie with the last are returned.
        table: uint16 [bins], zeros before and after.
        listed: int32 [bins], scratch.

    Returns:
        bins, votes and columns, int32; every bin has votes of two query notes or more.
    """
    columns = bounds.shape[1] - 1
    histogram = np.zeros(3 * MOST_VOTES + 1, np.int64)
    bins = np.empty(4 * wanted + 64, np.int32)
    votes = np.empty(len(bins), np.int32)
    column_of = np.empty(len(bins), np.int32)
    used = 0
    threshold = 2
    for step in range(columns):
        # From the middle outwards: the written key is the likeliest, and a high threshold from the start saves time.
        column = columns // 2 + (step + 1) // 2 * (1 if step % 2 else -1)
        # A bin that leads its neighbours has a third of the sum at least.
        found = _vote(packed, bounds, column, note, longest, common, (threshold + 2) // 3, table, listed)
        for i in range(found):
            b = listed[i]
            total = _peak(table, b)
            if total < threshold:
                continue
            if used == len(bins):
                used = _drop_below(threshold, bins, votes, column_of, used)
                if used > 3 * wanted:
                    # Ties without end: what is listed already is as good.
                    continue
            bins[used] = b
            votes[used] = total
            column_of[used] = column
            used += 1
            histogram[total] += 1
            if used % 64 == 0:
                threshold = _raised(histogram, threshold, wanted)
        threshold = _raised(histogram, threshold, wanted)
        _clear(packed, bounds, column, note, longest, table)
    used = _drop_below(threshold, bins, votes, column_of, used)
    return bins[:used].copy(), votes[:used].copy(), column_of[:used].copy()


@compiled
def _vote(
    packed: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    column: int,
    note: NDArray[np.int32],
    longest: int,
    common: int,
    floor: int,
    table: NDArray[np.uint16],
    listed: NDArray[np.int32],
) -> int:
    """Count one transposition's votes into ``table``; list bins that reach ``floor``, and return their number.

    Whether a note voted before is as good as random, so the loop has no branch on it: a wrong guess of the processor
    costs more than the rest. Indices are unsigned, as others would be checked for being negative.
    """
    used = 0
    for t in range(len(note)):
        start, end = np.uint64(bounds[t, column]), np.uint64(bounds[t, column + 1])
        length = np.int64(end - start)
        if length <= 0 or length > longest:
            continue
        weight = np.uint32(_weight(length, common))
        base = np.uint32(OFFSET - note[t])
        mark = np.uint32(note[t] % MARKS + 1)
        for k in range(start, end):
            b = (_posting(packed, k) + base) >> np.uint32(BIN_BITS)
            cell = np.uint32(table[b])
            before = cell & np.uint32(MOST_VOTES)
            new = np.uint32(cell >> np.uint32(MARK_SHIFT) != mark)
            now = min(before + new * weight, np.uint32(MOST_VOTES))
            several = cell & np.uint32(SEVERAL) | (new & np.uint32(before != 0)) * np.uint32(SEVERAL)
            table[b] = np.uint16(now | several | mark << np.uint32(MARK_SHIFT))
            if now >= floor and before < floor:
                listed[used] = b
                used += 1
    return used


@compiled
def _posting(packed: NDArray[np.uint8], k: Int) -> Int:
    at = np.uint64(POSTING_BYTES) * k
    low = np.uint32(packed[at]) | np.uint32(packed[at + np.uint64(1)]) << np.uint32(8)
    return low | np.uint32(packed[at + np.uint64(2)]) << np.uint32(16)


@compiled
def _weight(length: Int, common: Int) -> Int:
    """1 for a list of ``common`` postings or more; each halving adds one."""
    weight = 1
    while weight < MAX_WEIGHT and length << weight <= common:
        weight += 1
    return weight


@compiled
def _peak(table: NDArray[np.uint16], b: Int) -> Int:
    """Votes of a bin and its neighbours; 0 when a neighbour has more, or only one note voted."""
    if not np.int64(table[b]) & SEVERAL:
        return 0
    own = np.int64(table[b]) & MOST_VOTES
    left = np.int64(table[b - 1]) & MOST_VOTES if b > 0 else 0
    right = np.int64(table[b + 1]) & MOST_VOTES if b + 1 < len(table) else 0
    return own + left + right if own >= left and own > right else 0


@compiled
def _raised(histogram: NDArray[np.int64], threshold: Int, wanted: Int) -> Int:
    """The highest threshold that ``wanted`` bins reach, if higher than the one so far."""
    total = 0
    for t in range(len(histogram) - 1, threshold, -1):
        total += histogram[t]
        if total >= wanted:
            return t
    return threshold


@compiled
def _drop_below(
    threshold: Int, bins: NDArray[np.int32], votes: NDArray[np.int32], column_of: NDArray[np.int32], used: Int
) -> Int:
    kept = 0
    for i in range(used):
        if votes[i] >= threshold:
            bins[kept] = bins[i]
            votes[kept] = votes[i]
            column_of[kept] = column_of[i]
            kept += 1
    return kept


@compiled
def _clear(
    packed: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    column: int,
    note: NDArray[np.int32],
    longest: int,
    table: NDArray[np.uint16],
) -> None:
    """Undo ``_vote``: bin by bin after few votes, else the whole table."""
    total = 0
    for t in range(len(note)):
        length = bounds[t, column + 1] - bounds[t, column]
        if length <= longest:
            total += length
    if CLEAR_ALL * total > len(table):
        table[:] = 0
        return
    for t in range(len(note)):
        start = bounds[t, column]
        end = bounds[t, column + 1]
        if end - start <= longest:
            base = np.uint32(OFFSET - note[t])
            for k in range(np.uint64(start), np.uint64(end)):
                table[(_posting(packed, k) + base) >> np.uint32(BIN_BITS)] = 0
