"""A band for the benchmarks: steady tempo, four beats a bar, and every beat known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

ROOTS = (0, 7, 9, 5)
"""Of the chords, a bar each: I V vi IV."""
TRIADS = ((0, 4, 7), (0, 4, 7), (0, 3, 7), (0, 4, 7))
LEAD_IN_S = 0.5
JITTER_S = 0.004


@dataclass(frozen=True, slots=True)
class Song:
    """A song and its beats.

    Attributes:
        notes: what is played.
        beat_s: float64, when each beat is, seconds.
    """

    notes: Notes
    beat_s: NDArray[np.float64]


def make_song(tempo_bpm: float, seconds: float, rng: np.random.Generator) -> Song:
    """Bass on one and three, chords on the beats, a melody in quavers, played with a few milliseconds of jitter."""
    period_s = 60.0 / tempo_bpm
    beat_s = LEAD_IN_S + np.arange(int((seconds - LEAD_IN_S) / period_s), dtype=np.float64) * period_s
    key = int(rng.integers(-5, 6))
    rows: list[tuple[float, int, int]] = []
    for beat, start_s in enumerate(beat_s):
        bar, place = divmod(beat, 4)
        root, triad = ROOTS[bar % 4], TRIADS[bar % 4]
        if place in (0, 2):
            rows.append((start_s, 36 + key + root, 100 if place == 0 else 85))
        rows += [(start_s, 60 + key + (root + step) % 12, 80 if place == 0 else 65) for step in triad]
        for half in (0.0, 0.5):
            if half == 0.0 or rng.random() < 0.6:
                step = triad[int(rng.integers(3))]
                rows.append((start_s + half * period_s, 72 + key + (root + step) % 12, 90 if half == 0.0 else 70))
    onset_s = np.array([row[0] for row in rows]) + rng.normal(0.0, JITTER_S, len(rows))
    pitch, velocity = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    return Song(Notes.of(np.maximum(onset_s, 0.0), pitch, np.full(len(rows), 0.2), velocity), beat_s)
