"""Alignment: how well the query's notes, in order, fit a passage of a work.

Semi-global dynamic programming of query notes against the passage's onset groups, each a set of pitches: a query note
that the group holds scores, one that it does not hold costs, and so does a group that is passed without a note. Where
the query starts and ends in the passage is free. Notes of a chord may come in any order.

State after some query notes, for each group: the best score with the group *entered* but not yet matched, and the
best with at least one of its notes matched (*inside*). Sixteen passages are computed side by side, so that the
compiler can use vector instructions; ``path`` does one passage again and says which notes matched.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled

UNIT = 20
"""Scores are integers, in twentieths of a matched note."""
EXTRA = 10
"""What a query note costs that is not matched."""
MISSED_GROUP = 6
"""What a group costs that is passed without a note."""
MISSED_NOTE = 1
"""What each note of a matched group costs that the query lacks."""

MAX_SHIFT = 16
"""Transpositions up to so many semitones."""
LANES = 16
ABSENT = -7_000
"""Added where a pitch is not in a group; the sums below stay within 16 bits for queries of up to 400 notes."""


@compiled
def align_many(
    stored: NDArray[np.uint8],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    shift: NDArray[np.int64],
    pitch: NDArray[np.uint8],
) -> NDArray[np.int32]:
    """Scores of passages; int32, one each.

    Args:
        stored: a segment's notes.
        first, last: the passages, notes [first, last).
        shift: semitones that the query lies above each passage.
        pitch: the query's notes in order, uint8, at most 400.
    """
    count = len(first)
    scores = np.zeros(count, np.int32)
    # Pitches that the query lacks share a row that nothing reads: a branch would cost more.
    slots = 1
    slot = np.zeros(128 + 2 * MAX_SHIFT, np.int64)
    for p in pitch:
        if slot[np.int64(p) + MAX_SHIFT] == 0:
            slot[np.int64(p) + MAX_SHIFT] = slots
            slots += 1
    most = 1
    for c in range(count):
        most = max(most, last[c] - first[c])
    entered = np.empty((most + 1) * LANES, np.int16)
    inside = np.empty((most + 1) * LANES, np.int16)
    size = np.empty(most * LANES, np.int16)
    absent = np.empty((slots, most * LANES), np.int16)
    for base in range(0, count, LANES):
        lanes = min(LANES, count - base)
        groups: Int = 1
        for lane in range(lanes):
            groups = max(groups, _groups(stored, first[base + lane], last[base + lane]))
        absent[1:, : groups * LANES] = ABSENT
        size[: groups * LANES] = 0
        for lane in range(lanes):
            start, end = first[base + lane], last[base + lane]
            if end <= start:
                continue
            above = shift[base + lane] + MAX_SHIFT
            x: Int = lane - LANES if stored[start] & 128 else lane
            for n in range(start, end):
                value = np.int64(stored[n])
                x += (value >> 7) * LANES
                size[x] += 1
                absent[slot[(value & 127) + above], x] = 0
        width = groups * LANES
        # The row before the first group: nothing can come from it.
        entered[:LANES] = ABSENT
        inside[: width + LANES] = ABSENT
        entered[LANES : width + LANES] = 0
        previous: Int = -1
        for i in range(len(pitch)):
            wanted = np.int64(pitch[i])
            further = UNIT + MISSED_NOTE if wanted != previous else ABSENT
            previous = wanted
            _hear(entered, inside, size, absent[slot[wanted + MAX_SHIFT]], np.int16(further), width)
        for lane in range(lanes):
            best: Int = 0
            for g in range(1, groups + 1):
                best = max(best, np.int64(inside[g * LANES + lane]))
            scores[base + lane] = best
    return scores


@compiled
def _groups(stored: NDArray[np.uint8], start: Int, end: Int) -> Int:
    """Onset groups of notes [start, end)."""
    total = np.uint32(1)
    for n in range(start + 1, end):
        total += np.uint32(stored[n] >> 7)
    return np.int64(total)


@compiled
def _hear(
    entered: NDArray[np.int16],
    inside: NDArray[np.int16],
    size: NDArray[np.int16],
    absent: NDArray[np.int16],
    further: Int,
    width: Int,
) -> None:
    """Take one more query note into the state: int16 [(groups + 1) * LANES], lanes side by side."""
    for x in range(width):
        old_entered = entered[x + LANES]
        old_inside = inside[x + LANES]
        first_match = np.int16(old_entered + UNIT + MISSED_NOTE - MISSED_NOTE * size[x] + absent[x])
        next_match = np.int16(old_inside + further + absent[x])
        now_inside = max(np.int16(old_inside - EXTRA), first_match)
        now_entered = max(np.int16(old_entered - EXTRA), np.int16(entered[x] - MISSED_GROUP))
        entered[x + LANES] = max(now_entered, inside[x])
        inside[x + LANES] = max(now_inside, next_match)
