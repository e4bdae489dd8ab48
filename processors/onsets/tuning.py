"""How far an instrument is tuned from A4 = 440 Hz: a weighted circular mean over spectral peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .constants import PITCH_WINDOW, SAMPLE_RATE

LOWEST_HZ, HIGHEST_HZ = 80.0, 2500.0
PEAKS_A_STEP = 12
LEAST_CONFIDENCE = 0.05
"""Below this length of the mean vector nothing is tuned: noise, or silence."""


class TuningEstimate:
    """A running estimate; feed it power spectra of pitch windows, ask for ``cents`` at any time."""

    def __init__(self) -> None:
        self._vector = 0.0 + 0.0j
        self._weight = 0.0

    def add(self, power: NDArray[np.float32]) -> None:
        """Take in spectra, shape (steps, PITCH_WINDOW // 2 + 1)."""
        cents, weight = _peaks(power)
        self._vector += complex(np.sum(weight * np.exp(2j * np.pi * cents / 100.0)))
        self._weight += float(weight.sum())

    @property
    def cents(self) -> float:
        """The deviation, in [-50, 50); 0 when nothing tuned was heard."""
        if self._weight == 0.0 or abs(self._vector) < LEAST_CONFIDENCE * self._weight:
            return 0.0
        return float(np.angle(self._vector) / (2.0 * np.pi) * 100.0)


def _peaks(power: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cents from the nearest semitone and a weight, of each step's strongest peaks."""
    width = SAMPLE_RATE / PITCH_WINDOW
    low, high = int(LOWEST_HZ / width), int(HIGHEST_HZ / width)
    level = np.log(power[:, low - 1 : high + 1] + 1e-12)
    middle, left, right = level[:, 1:-1], level[:, :-2], level[:, 2:]
    strength = np.where((middle > left) & (middle >= right), power[:, low:high], 0.0)
    best = np.argpartition(-strength, PEAKS_A_STEP, axis=1)[:, :PEAKS_A_STEP]
    row = np.arange(len(power))[:, None]
    chosen = strength[row, best] > 0.0
    step, peak = np.nonzero(chosen)[0], best[chosen]
    a, b, c = left[step, peak], middle[step, peak], right[step, peak]
    hz = (peak + low + 0.5 * (a - c) / np.minimum(a - 2.0 * b + c, -1e-9)) * width
    cents = 1200.0 * np.log2(np.maximum(hz, 1.0) / 440.0)
    return np.asarray(cents, np.float64), np.sqrt(strength[step, peak]).astype(np.float64)
