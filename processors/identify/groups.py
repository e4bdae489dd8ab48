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
    pitch, group, index, starts = _group(onset_ms, notes.pitch, tolerance_ms)
    return Grouped(pitch, group, onset_ms[starts], onset_ms[index], index)


def score_tolerance_ms(notes: Notes) -> float:
    """The grouping tolerance that suits a reference: small when its chords are exact, as in scores."""
    return SCORE_TOLERANCE_MS if _exact(notes.onset_s * 1000.0) else TOLERANCE_MS


@compiled
def _exact(onset_ms: NDArray[np.float64]) -> bool:
    close = 0
    exact = 0
    for i in range(1, len(onset_ms)):
        gap = onset_ms[i] - onset_ms[i - 1]
        if gap < TOLERANCE_MS:
            close += 1
            if gap < 1.0:
                exact += 1
    return exact >= 0.8 * close


@compiled
def _group(
    onset_ms: NDArray[np.float64], note_pitch: NDArray[np.uint8], tolerance_ms: float
) -> tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Each group's notes by pitch, the earliest of each pitch: pitch, group, where it stood; and each group's first."""
    count = len(onset_ms)
    pitch = np.empty(count, np.uint8)
    group = np.empty(count, np.int32)
    index = np.empty(count, np.int64)
    starts = np.empty(count, np.int64)
    used = 0
    groups = 0
    i = 0
    while i < count:
        starts[groups] = i
        begin = used
        last = i
        while last < count and onset_ms[last] - onset_ms[i] <= tolerance_ms:
            # By insertion: groups are small, and nearly in order.
            at = used
            while at > begin and pitch[at - 1] > note_pitch[last]:
                at -= 1
            if at == begin or pitch[at - 1] != note_pitch[last]:
                for k in range(used, at, -1):
                    pitch[k] = pitch[k - 1]
                    index[k] = index[k - 1]
                pitch[at] = note_pitch[last]
                index[at] = last
                group[used] = groups
                used += 1
            last += 1
        groups += 1
        i = last
    return pitch[:used].copy(), group[:used].copy(), index[:used].copy(), starts[:groups].copy()
