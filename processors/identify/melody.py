"""The top line of a work: what a listener would sing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .compiled import Int, compiled
from .groups import Grouped

OVERLAP_MS = 60.0
"""A higher note that ends within this time of the onset does not hide the note: playing legato."""


def top_line(notes: Notes, grouped: Grouped) -> NDArray[np.int32]:
    """Indices into ``grouped`` of the notes that start while no higher note sounds, int32, ascending.

    Where durations are not known (0), that is the highest note of each onset group.
    """
    onset_ms = notes.onset_s * 1000.0
    ends_ms = onset_ms + notes.duration_s * 1000.0
    return _top_line(grouped.pitch, grouped.group, grouped.onset_ms, notes.pitch, onset_ms, ends_ms)


@compiled
def _top_line(
    pitch: NDArray[np.uint8],
    group: NDArray[np.int32],
    onset_ms: NDArray[np.float64],
    note_pitch: NDArray[np.uint8],
    note_ms: NDArray[np.float64],
    note_end_ms: NDArray[np.float64],
) -> NDArray[np.int32]:
    line = np.empty(len(onset_ms), np.int32)
    used = 0
    sounding_until = np.zeros(128)
    position = 0
    for i in range(len(pitch)):
        if i + 1 < len(pitch) and group[i + 1] == group[i]:
            continue
        g = group[i]
        hidden = False
        for p in range(np.int64(pitch[i]) + 1, 128):
            if sounding_until[p] > onset_ms[g] + OVERLAP_MS:
                hidden = True
                break
        if not hidden:
            line[used] = i
            used += 1
        following_ms = onset_ms[g + 1] if g + 1 < len(onset_ms) else np.inf
        while position < len(note_pitch) and note_ms[position] < following_ms:
            sounding: Int = np.int64(note_pitch[position])
            sounding_until[sounding] = max(sounding_until[sounding], note_end_ms[position])
            position += 1
    return line[:used].copy()
