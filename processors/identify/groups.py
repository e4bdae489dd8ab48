"""Onset groups: notes that start together."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .compiled import compiled

TOLERANCE_MS = 30.0
"""Notes that start within this time of a group's first note belong to the group."""

SCORE_TOLERANCE_MS = 4.0
"""The same for a score, whose chords are exact: fast written notes must not melt into chords."""


class Grouped(NamedTuple):
    """Notes by onset group; within a group by pitch, each pitch once.

    Attributes:
        pitch: uint8 [notes].
        group: int32 [notes], the group of each note, from 0 without gaps.
        onset_ms: float64 [groups], onset of the group's first note, milliseconds.
        note_ms: float64 [notes], onset of each note, milliseconds.
        source: int64 [notes], where each note stands in what was grouped.
    """

    pitch: NDArray[np.uint8]
    group: NDArray[np.int32]
    onset_ms: NDArray[np.float64]
    note_ms: NDArray[np.float64]
    source: NDArray[np.int64]


def group_notes(notes: Notes, tolerance_ms: float = TOLERANCE_MS) -> Grouped:
    """Group ``notes`` by onset and drop repeated pitches of a group."""
    onset_ms = notes.onset_s * 1000.0
    group = _assign_groups(onset_ms, tolerance_ms)
    order = np.lexsort((notes.pitch, group))
    pitch, group = notes.pitch[order], group[order]
    first = np.ones(len(pitch), bool)
    first[1:] = (pitch[1:] != pitch[:-1]) | (group[1:] != group[:-1])
    index = order[first]
    note_ms = onset_ms[index]
    pitch, group = pitch[first], group[first]
    starts = np.flatnonzero(np.diff(group, prepend=np.int32(-1)))
    group_ms = np.minimum.reduceat(note_ms, starts) if len(starts) else np.zeros(0)
    return Grouped(pitch, group, group_ms, note_ms, index)


def score_tolerance_ms(notes: Notes) -> float:
    """The grouping tolerance that suits a reference: small when its chords are exact, as in scores."""
    gaps_ms = np.diff(notes.onset_s) * 1000.0
    close = gaps_ms[gaps_ms < TOLERANCE_MS]
    exact = np.count_nonzero(close < 1.0)
    return SCORE_TOLERANCE_MS if exact >= 0.8 * len(close) else TOLERANCE_MS


@compiled
def _assign_groups(onset_ms: NDArray[np.float64], tolerance_ms: float) -> NDArray[np.int32]:
    group = np.zeros(len(onset_ms), np.int32)
    current = -1
    started = -np.inf
    for i in range(len(onset_ms)):
        if current < 0 or onset_ms[i] - started > tolerance_ms:
            current += 1
            started = onset_ms[i]
        group[i] = current
    return group
