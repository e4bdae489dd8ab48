"""Works made up for the tests: a melody that wanders in a key over broken chords, different for every seed."""

from __future__ import annotations

import numpy as np

from processors.identify import WorkEntry
from processors.notes import Notes

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])


def piece(seed: int, bars: int = 40) -> Notes:
    """About eight notes a bar, a bar in two seconds."""
    rng = np.random.default_rng(seed)
    key = int(rng.integers(0, 12))
    onset_s: list[float] = []
    pitch: list[int] = []
    degree = int(rng.integers(10, 18))
    for bar in range(bars):
        root = int(rng.integers(0, 7))
        time_s = 2.0 * bar
        for step in range(4):
            onset_s.append(time_s + 0.5 * step)
            pitch.append(_pitch(key, root + (0, 2, 4, 2)[step]))
        at = 0.0
        while at < 2.0:
            onset_s.append(time_s + at)
            pitch.append(_pitch(key, degree + 7))
            degree = int(np.clip(degree + rng.integers(-3, 4), 7, 20))
            at += float(rng.choice([0.25, 0.5, 0.5, 1.0]))
    duration_s = np.full(len(onset_s), 0.25)
    return Notes.of(np.array(onset_s), np.array(pitch), duration_s)


def works(count: int, first_seed: int = 0, bars: int = 40) -> list[WorkEntry]:
    """Works ``w0``, ``w1``, ... in order of their seeds."""
    return [
        WorkEntry(f"w{seed}", f"Piece {seed}", "Nobody", f"folder/{seed}.mid", piece(seed, bars))
        for seed in range(first_seed, first_seed + count)
    ]


def _pitch(key: int, degree: int) -> int:
    return 36 + key + 12 * (degree // 7) + int(SCALE[degree % 7])
