"""The path of an alignment: which group of a passage each query note matched."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .alignment import EXTRA, MISSED_GROUP, MISSED_NOTE, UNIT
from .compiled import Int, compiled

IMPOSSIBLE = -(1 << 29)


@compiled
def group_masks(
    stored: NDArray[np.uint8],
    first: int,
    last: int,
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    size: NDArray[np.int32],
) -> int:
    """Pitch sets of the onset groups of notes [first, last) into ``low`` (0-63) and ``high``; returns their number."""
    groups = 0
    for n in range(first, last):
        value = np.int64(stored[n])
        if value & 128 or n == first:
            low[groups] = np.uint64(0)
            high[groups] = np.uint64(0)
            size[groups] = 0
            groups += 1
        p = value & 127
        if p < 64:
            low[groups - 1] |= np.uint64(1) << np.uint64(p)
        else:
            high[groups - 1] |= np.uint64(1) << np.uint64(p - 64)
        size[groups - 1] += 1
    return groups


@compiled
def align_path(
    stored: NDArray[np.uint8], first: int, last: int, shift: int, pitch: NDArray[np.uint8], to_end: bool = False
) -> tuple[int, NDArray[np.int32]]:
    """The best alignment in detail; with ``to_end`` the best that ends in the passage's last group.

    Returns:
        its score, and for each query note the group that it matched, counted from the passage's first; -1 for none.
    """
    most = max(last - first, 1)
    low = np.empty(most, np.uint64)
    high = np.empty(most, np.uint64)
    size = np.empty(most, np.int32)
    groups = group_masks(stored, first, last, low, high, size)
    return align_masks(low[:groups], high[:groups], size[:groups], shift, pitch, to_end)


@compiled
def align_masks(
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    size: NDArray[np.int32],
    shift: int,
    pitch: NDArray[np.uint8],
    to_end: bool,
) -> tuple[int, NDArray[np.int32]]:
    """``align_path`` for groups whose pitch sets are at hand, see ``group_masks``."""
    groups = len(low)
    count = len(pitch)
    matched = np.full(count, -1, np.int32)
    if groups == 0 or count == 0:
        return 0, matched
    entered = np.zeros(groups, np.int32)
    inside = np.full(groups, IMPOSSIBLE, np.int32)
    # Bits 0-1: how "inside" came about (0 extra, 1 first match, 2 further match); bits 2-3: "entered" (0 extra, 1
    # passed a group, 2 left a matched group).
    moves = np.zeros((count, groups), np.uint8)
    previous: Int = -1
    for i in range(count):
        wanted: Int = np.int64(pitch[i]) - shift
        if wanted < 0 or wanted > 127:
            wanted = 0
        in_low = wanted < 64
        bit = np.uint64(1) << np.uint64(wanted & 63)
        repeated = wanted == previous
        previous = wanted
        before_entered: Int = IMPOSSIBLE
        before_inside: Int = IMPOSSIBLE
        for j in range(groups):
            old_entered = entered[j]
            old_inside = inside[j]
            now_inside = old_inside - EXTRA
            move = 0
            if (low[j] if in_low else high[j]) & bit:
                gain = old_entered + UNIT - MISSED_NOTE * (size[j] - 1)
                if gain > now_inside:
                    now_inside = gain
                    move = 1
                if not repeated:
                    gain = old_inside + UNIT + MISSED_NOTE
                    if gain > now_inside:
                        now_inside = gain
                        move = 2
            now_entered = old_entered - EXTRA
            if before_entered - MISSED_GROUP > now_entered:
                now_entered = before_entered - MISSED_GROUP
                move = (move & 3) | 4
            if before_inside > now_entered:
                now_entered = before_inside
                move = (move & 3) | 8
            entered[j] = now_entered
            inside[j] = now_inside
            moves[i, j] = move
            before_entered = now_entered
            before_inside = now_inside
    j = groups - 1
    if not to_end:
        j = 0
        for k in range(groups):
            if inside[k] > inside[j]:
                j = k
    score = inside[j]
    if score <= 0:
        return 0, matched
    i = count - 1
    is_inside = True
    while i >= 0:
        if is_inside:
            move = moves[i, j] & 3
            if move:
                matched[i] = j
            is_inside = move != 1
            i -= 1
        else:
            move = moves[i, j] >> 2
            if move == 0:
                i -= 1
            else:
                j -= 1
                is_inside = move == 2
    return score, matched
