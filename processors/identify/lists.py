"""Lists: which postings a query reads, for every transposition, within a budget."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled
from .postings import first_of_pitch

PITCHES = 40
"""A token's list is spread over about so many pitches ..."""
SLACK = 2
"""... give or take this factor."""


@compiled
def list_bounds(
    starts: NDArray[np.uint32],
    packed: NDArray[np.uint8],
    stored: NDArray[np.uint8],
    token: NDArray[np.int32],
    pitch: NDArray[np.uint8],
    max_shift: int,
    budget: int,
) -> NDArray[np.int64]:
    """For each token where the list of each transposition starts; int64 [tokens, shifts + 1], ends follow starts.

    Column c is of the transposition ``max_shift - c`` (query above work), so that pitches ascend. Tokens so common
    that they could not be read within ``budget`` postings get empty lists without a search.
    """
    count, columns = len(token), 2 * max_shift + 1
    bounds = np.zeros((count, columns + 1), np.int64)
    totals = np.empty(count, np.int64)
    for t in range(count):
        totals[t] = starts[token[t] + 1] - starts[token[t]]
    most = length_limit(totals, SLACK * budget * PITCHES // columns)
    for t in range(count):
        if totals[t] > most:
            continue
        place: Int = np.int64(starts[token[t]])
        end = np.int64(starts[token[t] + 1])
        for c in range(columns + 1):
            wanted = np.int64(pitch[t]) - max_shift + c
            place = first_of_pitch(packed, stored, place, end, wanted)
            bounds[t, c] = place
    return bounds


@compiled
def length_limit(lengths: NDArray[np.int64], budget: Int) -> Int:
    """The longest list that may be read so that all lists not longer hold at most ``budget`` postings."""
    totals = np.zeros(96, np.int64)
    for length in lengths.flat:
        if length > 0:
            totals[_half_octave(length)] += length
    total = 0
    for k in range(len(totals)):
        total += totals[k]
        if total > budget:
            return np.int64(2.0 ** (k / 2.0))
    return 1 << 40


@compiled
def _half_octave(length: Int) -> Int:
    octave = 0
    while length >> (octave + 1):
        octave += 1
    return 2 * octave + (length * length >> (2 * octave + 1) > 0)
