"""Precision, recall and F of onsets: the same pitch within 50 ms, each note matched once (as in MIREX and mir_eval)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.onsets.constants import FRAME, LOWEST_PITCH, SAMPLE_RATE
from processors.onsets.peaks import PeakPicker

TOLERANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of notes; scores add up."""

    right: int = 0
    found: int = 0
    true: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.found + other.found, self.true + other.true)

    @property
    def precision(self) -> float:
        """The share of the found notes that are right."""
        return self.right / max(self.found, 1)

    @property
    def recall(self) -> float:
        """The share of the true notes that were found."""
        return self.right / max(self.true, 1)

    @property
    def f(self) -> float:
        """The harmonic mean of both."""
        return 2.0 * self.right / max(self.found + self.true, 1)

    def as_dict(self) -> dict[str, float]:
        """P, R and F, rounded."""
        return {"p": round(self.precision, 4), "r": round(self.recall, 4), "f": round(self.f, 4)}


def score_onsets(
    found_s: NDArray[np.floating],
    found_pitch: NDArray[np.integer],
    true_s: NDArray[np.floating],
    true_pitch: NDArray[np.integer],
) -> Score:
    """Match onsets of the same pitch greedily in time, which is optimal for intervals of one width."""
    right = 0
    for pitch in np.unique(true_pitch):
        found = np.sort(found_s[found_pitch == pitch])
        i = 0
        for onset in np.sort(true_s[true_pitch == pitch]):
            while i < len(found) and found[i] < onset - TOLERANCE_S:
                i += 1
            if i < len(found) and found[i] <= onset + TOLERANCE_S:
                right += 1
                i += 1
    return Score(right, len(found_s), len(true_s))


def score_activations(activation: NDArray[np.float32], target: NDArray[np.float32], threshold: float) -> Score:
    """Compare the peaks of activations with the peaks of the target they were trained for."""
    truth, found = _peaks(target, 0.4), _peaks(activation, threshold)
    return score_onsets(found[0], found[1], truth[0], truth[1])


def _peaks(activation: NDArray[np.float32], threshold: float) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    picker = PeakPicker(threshold)
    parts = (picker.add(activation), picker.finish())
    frame = np.concatenate([part.frame for part in parts])
    return frame * (FRAME / SAMPLE_RATE), np.concatenate([part.pitch for part in parts]).astype(np.int64) - LOWEST_PITCH
