"""Alignment against a whole work: how well the query fits when it ends at each of the work's onset groups.

The same scores as ``alignment``, kept for every end instead of the best alone, so that all the places show where a
work has the same music. The work is cut into overlapping parts, which are computed side by side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .alignment import ABSENT, LANES, MISSED_NOTE, UNIT
from .alignment import _hear as hear
from .compiled import Int, compiled

REACH = 1.5
"""A passage has at most so many groups for each query note ..."""
REACH_GROUPS = 16
"""... and so many more; one that is longer scores less than it should."""


@compiled
def end_scores(
    stored: NDArray[np.uint8], first: int, last: int, shift: int, pitch: NDArray[np.uint8]
) -> NDArray[np.int16]:
    """Scores by end, int16 [groups], in units of ``alignment.UNIT`` a matched note.

    Args:
        stored: a segment's notes.
        first, last: the work, notes [first, last).
        shift: semitones that the query lies above the work.
        pitch: the query's notes in order, uint8, at most 400.
    """
    starts = np.empty(last - first + 1, np.int64)
    groups = 0
    for n in range(first, last):
        if stored[n] & 128 or n == first:
            starts[groups] = n
            groups += 1
    starts[groups] = last
    slot = np.full(128, -1, np.int64)
    slots = 0
    for p in pitch:
        if slot[p] < 0:
            slot[p] = slots
            slots += 1
    own = -(-groups // LANES)
    before = min(int(len(pitch) * REACH) + REACH_GROUPS, groups)
    width = (before + own) * LANES
    size = np.ones(width, np.int16)
    absent = np.full((slots, width), ABSENT, np.int16)
    for lane in range(LANES):
        for row in range(before + own):
            g = lane * own - before + row
            if 0 <= g < groups:
                x = row * LANES + lane
                size[x] = starts[g + 1] - starts[g]
                for n in range(starts[g], starts[g + 1]):
                    p = np.int64(stored[n] & 127) + shift
                    if 0 <= p < 128 and slot[p] >= 0:
                        absent[slot[p], x] = 0
    entered = np.zeros(width + LANES, np.int16)
    entered[:LANES] = ABSENT
    inside = np.full(width + LANES, ABSENT, np.int16)
    previous: Int = -1
    for i in range(len(pitch)):
        wanted: Int = np.int64(pitch[i])
        further = UNIT + MISSED_NOTE if wanted != previous else ABSENT
        previous = wanted
        hear(entered, inside, size, absent[slot[wanted]], np.int16(further), width)
    scores = np.zeros(groups, np.int16)
    for g in range(groups):
        row = before + g % own
        scores[g] = max(inside[(row + 1) * LANES + g // own], 0)
    return scores
