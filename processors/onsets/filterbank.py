"""Log-frequency filters at an instrument's own tuning, so that the network never sees detuning."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from .constants import (
    BASS_BINS,
    BASS_WINDOW,
    BINS,
    BINS_A_SEMITONE,
    FINE_WINDOW,
    LOWEST_BIN_PITCH,
    PITCH_WINDOW,
    SAMPLE_RATE,
)
from .spectra import Spectra

TUNING_STEP_CENTS = 4.0
"""Filter banks are made for tunings this far apart, and kept."""
FLOOR_DB = -100.0
"""Levels below this, relative to a full-scale sine, count as silence."""


class FilterBank:
    """Filters for one tuning.

    Attributes:
        tuning_cents: the deviation from A4 = 440 Hz for which it is made.
    """

    def __init__(self, tuning_cents: float) -> None:
        self.tuning_cents = tuning_cents
        self._pitch = _filters(PITCH_WINDOW, BINS, tuning_cents)
        self._bass = _filters(BASS_WINDOW, BASS_BINS, tuning_cents)
        self._fine = _filters(FINE_WINDOW, BINS, tuning_cents)

    @classmethod
    def near(cls, tuning_cents: float) -> FilterBank:
        """The kept filter bank nearest to a tuning."""
        return _bank(round(tuning_cents / TUNING_STEP_CENTS))

    def features(self, spectra: Spectra) -> NDArray[np.float32]:
        """What the network reads.

        Returns:
            levels, 0 at ``FLOOR_DB`` and 1 at full scale, float32 of shape (steps, 4, BINS): the pitch spectrum, the
            bass spectrum (zero above its range) and the fine spectra of both frames.
        """
        steps = len(spectra.pitch)
        out = np.zeros((steps, 4, BINS), np.float32)
        out[:, 0] = _level(self._pitch, spectra.pitch)
        out[:, 1, :BASS_BINS] = _level(self._bass, spectra.bass)
        fine = _level(self._fine, spectra.fine.reshape(-1, spectra.fine.shape[-1]))
        out[:, 2:] = fine.reshape(steps, 2, BINS)
        return out


@lru_cache(maxsize=64)
def _bank(number: int) -> FilterBank:
    return FilterBank(number * TUNING_STEP_CENTS)


def _level(filters: scipy.sparse.csr_array, power: NDArray[np.float32]) -> NDArray[np.float32]:
    energy = (filters @ power.T).T
    floor = 10.0 ** (FLOOR_DB / 10.0)
    # + floor, not max: soft below it, so that rounding noise of silence is no feature.
    return np.asarray((10.0 * np.log10(energy + floor) - FLOOR_DB) / -FLOOR_DB, np.float32)


def _filters(window: int, bins: int, tuning_cents: float) -> scipy.sparse.csr_array:
    """Triangles over the spectrum's lines, as wide as a bin or as two lines, whichever is wider; gain 1 at a sine."""
    width_hz = SAMPLE_RATE / window
    lines_hz = np.arange(window // 2 + 1) * width_hz
    pitch = LOWEST_BIN_PITCH + np.arange(bins) / BINS_A_SEMITONE + tuning_cents / 100.0
    centre_hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    half_hz = np.maximum(centre_hz * (2.0 ** (1.0 / (12 * BINS_A_SEMITONE)) - 1.0), 1.5 * width_hz)
    weight = 1.0 - np.abs(lines_hz[None, :] - centre_hz[:, None]) / half_hz[:, None]
    return scipy.sparse.csr_array(np.maximum(weight, 0.0).astype(np.float32))
