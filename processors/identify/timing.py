"""Fit: how well a passage's notes and times agree with the query's, in more detail than the alignment's score.

The alignment counts pitches in order. Here its matched notes say how query time maps to the work's time, and then
every note is looked for where it should be: what is heard and not written, and what is written and not heard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .alignment import UNIT
from .compiled import Int, compiled
from .path import align_masks, group_masks
from .segment import GAP_UNIT_MS

FIT_NAMES = (
    "aligned",
    "matched",
    "gap_errors_squared",
    "gap_errors",
    "in_time",
    "jumps",
    "skipped_groups",
    "tempo",
    "near",
    "nearer",
    "surprise",
    "missed",
    "found",
    "found_surprise",
    "scattered",
)
"""Columns of ``passage_features``."""

IN_TIME_MS = 250.0
"""Matched notes this near to a steady tempo's line count as in time; times of the query."""
NEAR_MS, NEARER_MS = 100.0, 40.0
"""The same for the line through the neighbours, which follows rubato."""
NEIGHBOURS = 4
SMOOTHING_MS = 60.0
"""Added to gaps before they are compared, so that small ones may differ by jitter."""
STEADY = 0.35
"""A gap that is wrong by this in its logarithm costs one."""
JUMP = 0.7
"""A gap that is wrong by more is a jump."""


@compiled
def passage_features(
    stored: NDArray[np.uint8],
    gaps: NDArray[np.uint16],
    work_note: NDArray[np.uint32],
    work_group: NDArray[np.uint32],
    work: NDArray[np.int64],
    first: NDArray[np.int64],
    last: NDArray[np.int64],
    shift: NDArray[np.int64],
    pitch: NDArray[np.uint8],
    note_ms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """How well passages fit the query in pitch and time.

    Args:
        stored, gaps, work_note, work_group: of the segment.
        work, first, last, shift: the passages, see ``retrieve.Passages``.
        pitch, note_ms: the query's notes.

    Returns:
        float64 [passages, 15]: alignment score in matched notes; matched notes; squared and absolute errors of the
        gaps between them, summed and capped; notes near a steady tempo; jumps; groups passed without a match;
        logarithm to base 2 of the tempo ratio; matched notes near, and nearer, to where their neighbours put them;
        bits of surprise that this passage holds the matched pitches; its notes that were not heard between the first
        and the last match; query notes found where they should be, and their surprise; the mean distance of matched
        notes from where their neighbours put them, capped, times the matched notes, in ``NEAR_MS``.
    """
    count = len(first)
    features = np.zeros((count, len(FIT_NAMES)))
    notes = len(pitch)
    heard = np.empty(notes)
    written = np.empty(notes)
    local = np.empty(notes)
    most = 1
    for c in range(count):
        most = max(most, last[c] - first[c])
    low, high = np.empty(most, np.uint64), np.empty(most, np.uint64)
    size = np.empty(most, np.int32)
    group_ms = np.empty(most)
    surprise = np.empty(128)
    for c in range(count):
        groups = group_masks(stored, first[c], last[c], low, high, size)
        score, matched = align_masks(low[:groups], high[:groups], size[:groups], shift[c], pitch, False)
        group = np.int64(work_group[work[c]]) - 1
        for n in range(np.int64(work_note[work[c]]), first[c] + 1):
            group += np.int64(stored[n]) >> 7
        group_ms[0] = 0.0
        for g in range(1, groups):
            group_ms[g] = group_ms[g - 1] + GAP_UNIT_MS * gaps[group + g]
        _surprise(stored[first[c] : last[c]], groups, shift[c], pitch, surprise)
        used = 0
        skipped = 0
        at = -1
        first_at = 0
        bits = 0.0
        for i in range(notes):
            if matched[i] < 0:
                continue
            if used > 0:
                skipped += max(matched[i] - at - 1, 0)
            else:
                first_at = matched[i]
            at = matched[i]
            heard[used] = note_ms[i]
            written[used] = group_ms[at]
            bits += surprise[np.int64(pitch[i]) - shift[c]]
            used += 1
        features[c, 0] = score / float(UNIT)
        features[c, 1] = used
        if used == 0:
            continue
        slope = _slope(heard[:used], written[:used])
        offsets = written[:used] - slope * heard[:used]
        middle = np.median(offsets)
        for i in range(used):
            if abs(offsets[i] - middle) < IN_TIME_MS * slope:
                features[c, 4] += 1.0
            if i > 0:
                run = max(slope * (heard[i] - heard[i - 1]), 0.0)
                error = abs(np.log((written[i] - written[i - 1] + SMOOTHING_MS) / (run + SMOOTHING_MS)))
                features[c, 2] += min((error / STEADY) ** 2, 2.25)
                features[c, 3] += min(error, 2.0)
                if error > JUMP:
                    features[c, 5] += 1.0
            local[i] = _middle(offsets, max(i - NEIGHBOURS, 0), min(i + NEIGHBOURS + 1, used))
            distance_ms = abs(offsets[i] - local[i]) / slope
            features[c, 8] += distance_ms < NEAR_MS
            features[c, 9] += distance_ms < NEARER_MS
            features[c, 14] += min(distance_ms / NEAR_MS, 3.0)
        features[c, 6] = skipped
        features[c, 7] = np.log2(slope)
        features[c, 10] = bits
        for g in range(first_at, at + 1):
            features[c, 11] += size[g]
        features[c, 11] -= used
        _find(
            low[:groups],
            high[:groups],
            group_ms,
            pitch,
            note_ms,
            shift[c],
            slope,
            heard[:used],
            local,
            surprise,
            features[c],
        )
    return features


@compiled
def _surprise(
    passage: NDArray[np.uint8], groups: int, shift: int, pitch: NDArray[np.uint8], surprise: NDArray[np.float64]
) -> None:
    """Bits that say one of the passage's groups, picked at random, holds a pitch; by pitch, for those heard."""
    held = np.zeros(128)
    for note in passage:
        held[note & 127] += 1.0
    surprise[:] = -1.0
    for wanted in pitch:
        p: Int = np.int64(wanted) - shift
        if 0 <= p < 128 and surprise[p] < 0.0:
            surprise[p] = -np.log2((held[p] + 0.5) / (groups + 1.0))


@compiled
def _find(
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    group_ms: NDArray[np.float64],
    pitch: NDArray[np.uint8],
    note_ms: NDArray[np.float64],
    shift: int,
    slope: float,
    heard: NDArray[np.float64],
    local: NDArray[np.float64],
    surprise: NDArray[np.float64],
    features: NDArray[np.float64],
) -> None:
    """Count the query notes that the passage holds near where the matched notes around them put them."""
    groups = len(low)
    near = 0
    start = 0
    for i in range(len(pitch)):
        while near + 1 < len(heard) and abs(heard[near + 1] - note_ms[i]) <= abs(heard[near] - note_ms[i]):
            near += 1
        expected_ms = slope * note_ms[i] + local[near]
        reach_ms = NEAR_MS * slope
        wanted: Int = np.int64(pitch[i]) - shift
        if wanted < 0 or wanted > 127:
            continue
        while start < groups and group_ms[start] < expected_ms - 3.0 * reach_ms:
            start += 1
        for g in range(start, groups):
            if group_ms[g] > expected_ms + reach_ms:
                break
            bits = low[g] if wanted < 64 else high[g]
            if bits >> np.uint64(wanted & 63) & np.uint64(1) and abs(group_ms[g] - expected_ms) <= reach_ms:
                features[12] += 1.0
                features[13] += surprise[wanted]
                break


@compiled
def _middle(values: NDArray[np.float64], start: int, end: int) -> float:
    """The upper median of a few values [start, end)."""
    ordered = np.empty(2 * NEIGHBOURS + 1)
    count = end - start
    for i in range(count):
        value = values[start + i]
        j = i
        while j > 0 and ordered[j - 1] > value:
            ordered[j] = ordered[j - 1]
            j -= 1
        ordered[j] = value
    return float(ordered[count // 2])


@compiled
def _slope(heard: NDArray[np.float64], written: NDArray[np.float64]) -> float:
    """The median slope between notes half the passage apart, 0.1-10."""
    half = len(heard) // 2
    slopes = np.empty(len(heard))
    used = 0
    for i in range(len(heard) - half):
        run = heard[i + half] - heard[i]
        if run > 20.0:
            slopes[used] = (written[i + half] - written[i]) / run
            used += 1
    if used == 0:
        return 1.0
    return min(max(np.median(slopes[:used]), 0.1), 10.0)
