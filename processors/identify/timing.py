"""Timing: whether the notes that an alignment matched were also played in time with each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .alignment import UNIT
from .compiled import compiled
from .path import align_path
from .segment import GAP_UNIT_MS

FEATURES = 8
"""Columns of ``passage_features``."""

NEAR_MS = 250.0
"""Matched notes this near to a steady tempo's line count as in time; times of the query."""
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
        float64 [passages, 8]: alignment score in matched notes; matched notes; squared and absolute errors of the
        gaps between them, summed and capped; notes near a steady tempo; jumps; groups passed without a match;
        logarithm to base 2 of the tempo ratio.
    """
    count = len(first)
    features = np.zeros((count, FEATURES))
    notes = len(pitch)
    heard = np.empty(notes)
    written = np.empty(notes)
    for c in range(count):
        score, matched = align_path(stored, first[c], last[c], shift[c], pitch)
        group = np.int64(work_group[work[c]]) - 1
        for n in range(np.int64(work_note[work[c]]), first[c] + 1):
            group += np.int64(stored[n]) >> 7
        used = 0
        at = 0
        skipped = 0
        now_ms = 0.0
        for i in range(notes):
            if matched[i] < 0:
                continue
            if used > 0:
                skipped += max(matched[i] - at - 1, 0)
            while at < matched[i]:
                at += 1
                now_ms += GAP_UNIT_MS * gaps[group + at]
            heard[used] = note_ms[i]
            written[used] = now_ms
            used += 1
        features[c, 0] = score / float(UNIT)
        features[c, 1] = used
        if used == 0:
            continue
        slope = _slope(heard[:used], written[:used])
        offsets = written[:used] - slope * heard[:used]
        middle = np.median(offsets)
        for i in range(used):
            if abs(offsets[i] - middle) < NEAR_MS * slope:
                features[c, 4] += 1.0
            if i > 0:
                run = max(slope * (heard[i] - heard[i - 1]), 0.0)
                error = abs(np.log((written[i] - written[i - 1] + SMOOTHING_MS) / (run + SMOOTHING_MS)))
                features[c, 2] += min((error / STEADY) ** 2, 2.25)
                features[c, 3] += min(error, 2.0)
                if error > JUMP:
                    features[c, 5] += 1.0
        features[c, 6] = skipped
        features[c, 7] = np.log2(slope)
    return features


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
