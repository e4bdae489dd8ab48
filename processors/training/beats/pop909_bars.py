"""Which of POP909's beats are downbeats, audited.

The downbeats of its annotation are an algorithm's: in one song of seven they lie a beat or two off throughout, and in
more they change sides by half a bar within the song. The phrases that Dai, Zhang and Dannenberg annotated by hand begin
on bar lines; ``sections/align_pop909.py`` laid them over the beats.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.training.sections.pop909 import BARLINES, PICKUP_BEATS


def audited_downbeats(annotation: Path) -> NDArray[np.bool_] | None:
    """Whether each beat of ``NNN.beats.txt`` begins a bar; bool [beats].

    None for the few songs whose phrases fit no place in the recording, and where the annotation has bars of other than
    four beats: the phrases do not say which.
    """
    changes = json.loads(BARLINES.read_text("utf-8")).get(annotation.name[:3])
    downbeat = np.loadtxt(annotation, ndmin=2)[:, 2] > 0
    bars = np.diff(np.flatnonzero(downbeat))
    if changes is None or not len(bars) or np.median(bars) != 4:
        return None
    later = np.array([change[1] for change in changes])
    start = np.array([change[0] for change in changes]) + later
    beat = np.arange(len(downbeat))
    part = np.maximum(np.searchsorted(start - PICKUP_BEATS, beat, side="right") - 1, 0)
    return np.asarray((beat - later[part]) % 4 == 0)
