"""Votes: where in the catalogue the query's tokens gather.

A posting of reference note r for query note q votes for the diagonal r - q, in bins of note numbers: time and tempo
never enter. Each query note counts once a bin, and rare tokens count more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled
from .postings import POSTING_BYTES, first_of_pitch

MAX_WEIGHT = 8
VOTES = np.uint32(0x7FFF)
LISTED = np.uint32(0x8000)
CLEAR_ALL = 16
"""Clearing the table at once costs as much as clearing so many times fewer bins one by one."""
BIN_BITS = 3
"""Bins hold 2**BIN_BITS diagonals."""
OFFSET = 1024
"""Added to diagonals, so that they are positive; more than a query has notes."""


@compiled
def list_bounds(
    starts: NDArray[np.uint32],
    packed: NDArray[np.uint8],
    stored: NDArray[np.uint8],
    token: NDArray[np.int32],
    pitch: NDArray[np.uint8],
    shift_low: int,
    shift_high: int,
) -> NDArray[np.int64]:
    """For each token where the list of each transposition starts; int64 [tokens, shifts + 1], ends follow starts.

    Column c is of the transposition ``shift_high - c`` (query above work), so that pitches ascend.
    """
    columns = shift_high - shift_low + 1
    bounds = np.empty((len(token), columns + 1), np.int64)
    for t in range(len(token)):
        place: Int = np.int64(starts[token[t]])
        end = np.int64(starts[token[t] + 1])
        for c in range(columns + 1):
            wanted = np.int64(pitch[t]) - shift_high + c
            place = first_of_pitch(packed, stored, place, end, wanted)
            bounds[t, c] = place
    return bounds


@compiled
def length_limit(bounds: NDArray[np.int64], budget: int) -> int:
    """The longest list that may be read so that all lists not longer hold at most ``budget`` postings."""
    count, columns = bounds.shape
    totals = np.zeros(64, np.int64)
    for t in range(count):
        for c in range(columns - 1):
            length = bounds[t, c + 1] - bounds[t, c]
            if length > 0:
                totals[_half_octave(length)] += length
    total = 0
    for k in range(64):
        total += totals[k]
        if total > budget:
            return int(2.0 ** (k / 2.0))
    return 1 << 40


@compiled
def _half_octave(length: int) -> int:
    return int(2.0 * np.log2(float(length)))


@compiled
def vote(
    packed: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    column: int,
    note: NDArray[np.int32],
    longest: int,
    common: int,
    table: NDArray[np.uint32],
    shared: NDArray[np.int32],
) -> int:
    """Count the votes of one transposition into ``table``.

    Args:
        longest: longer lists are left out.
        common: the length of a list that weighs 1; each halving adds one.
        table: uint32 [bins], zeros; afterwards votes in bits 0-14, the last query note in bits 16-31.
        shared: int32 [bins], receives the bins that two query notes or more vote for.

    Returns:
        how many bins ``shared`` received.
    """
    used = 0
    for t in range(len(note)):
        start = bounds[t, column]
        end = bounds[t, column + 1]
        length = end - start
        if length <= 0 or length > longest:
            continue
        weight = np.uint32(min(max(1 + int(np.log2(common / length)), 1), MAX_WEIGHT))
        base = OFFSET - note[t]
        mark = np.uint32((note[t] + 1) << 16)
        for k in range(start, end):
            at = POSTING_BYTES * k
            r = np.int64(packed[at]) | np.int64(packed[at + 1]) << 8 | np.int64(packed[at + 2]) << 16
            b = (r + base) >> BIN_BITS
            cell = table[b]
            if cell == 0:
                table[b] = weight | mark
            elif cell & np.uint32(0xFFFF0000) != mark:
                if cell & LISTED == 0:
                    shared[used] = b
                    used += 1
                table[b] = ((cell & VOTES) + weight) | LISTED | mark
    return used


@compiled
def best_bins(
    table: NDArray[np.uint32], shared: NDArray[np.int32], used: int, wanted: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The bins with the most votes, neighbours added, at most about ``wanted``.

    Returns:
        bins and votes, int32.
    """
    histogram = np.zeros(4096, np.int64)
    score = np.zeros(used, np.int32)
    last = len(table) - 1
    for i in range(used):
        b = shared[i]
        own = np.int64(table[b] & VOTES)
        left = np.int64(table[b - 1] & VOTES) if b > 0 else 0
        right = np.int64(table[b + 1] & VOTES) if b < last else 0
        if own >= left and own > right:
            total_votes: Int = min(own + left + right, 4095)
            score[i] = total_votes
            histogram[total_votes] += 1
    threshold = 4095
    total = histogram[threshold]
    while threshold > 1 and total + histogram[threshold - 1] <= wanted:
        threshold -= 1
        total += histogram[threshold]
    bins = np.empty(total, np.int32)
    votes = np.empty(total, np.int32)
    n = 0
    for i in range(used):
        if score[i] >= threshold:
            bins[n] = shared[i]
            votes[n] = score[i]
            n += 1
    return bins, votes


@compiled
def clear(
    packed: NDArray[np.uint8],
    bounds: NDArray[np.int64],
    column: int,
    note: NDArray[np.int32],
    longest: int,
    table: NDArray[np.uint32],
) -> None:
    """Undo ``vote``: bin by bin after few votes, else the whole table."""
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
            base = OFFSET - note[t]
            for k in range(start, end):
                at = POSTING_BYTES * k
                r = np.int64(packed[at]) | np.int64(packed[at + 1]) << 8 | np.int64(packed[at + 2]) << 16
                table[(r + base) >> BIN_BITS] = 0
