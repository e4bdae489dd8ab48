"""Mel spectra of sound, and their levels as the network reads them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.sparse
from numpy.typing import NDArray

from .constants import (
    BANDS,
    DYNAMICS_DB,
    FRAME,
    HIGHEST_HZ,
    LOWEST_HZ,
    SAMPLE_RATE,
    SPECTRUM_WINDOW,
    WINDOW,
    WINDOW_FRAMES,
)

FLOOR = 1e-12
"""Power of silence: 120 dB below a full-scale sine."""
NOTHING = 1e-20
"""Less than the power of any sound; keeps digital silence from being divided by nothing."""


def mel_power(samples: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Power in each band, relative to a full-scale sine.

    Args:
        samples: float32 at ``SAMPLE_RATE``; the first frame is centred half a frame after its start, and silence
            follows where it ends.

    Returns:
        float32 of shape (frames, BANDS).
    """
    before = (SPECTRUM_WINDOW - FRAME) // 2
    padded = np.zeros((frames - 1) * FRAME + SPECTRUM_WINDOW, np.float32)
    used = samples[: len(padded) - before]
    padded[before : before + len(used)] = used
    cut = np.lib.stride_tricks.sliding_window_view(padded, SPECTRUM_WINDOW)[::FRAME]
    spectrum = scipy.fft.rfft(cut * _window())
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray((_filters() @ power.T).T, np.float32)


def window_power(samples: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """The same of windows of ``WINDOW`` samples.

    Returns:
        float32 of shape (windows, WINDOW_FRAMES, BANDS).
    """
    return np.stack([mel_power(samples[start : start + WINDOW], WINDOW_FRAMES) for start in starts])


def levels(power: NDArray[np.float32]) -> NDArray[np.uint8]:
    """What the network reads: 255 at the loudest of each window, 0 from ``DYNAMICS_DB`` below it.

    Args:
        power: (windows, frames, BANDS).

    Returns:
        uint8 of the same shape: a byte a level, so that spectra travel in little space.
    """
    loudest = np.maximum(power.max(axis=(1, 2), keepdims=True), NOTHING)
    level_db = 10.0 * np.log10(np.maximum(power / loudest, 10.0 ** (-DYNAMICS_DB / 10.0)))
    return np.asarray(np.round((level_db / DYNAMICS_DB + 1.0) * 255.0), np.uint8)


@lru_cache(maxsize=1)
def _window() -> NDArray[np.float32]:
    """A Hann window, scaled so that a full-scale sine has power 1 at its line."""
    shape = np.hanning(SPECTRUM_WINDOW + 1)[:-1]
    return np.asarray(shape * (2.0 / shape.sum()), np.float32)


@lru_cache(maxsize=1)
def _filters() -> scipy.sparse.csr_array:
    """Triangles between neighbouring bands' centres, at least two lines wide; gain 1 at a sine on a centre."""
    lines_hz = np.fft.rfftfreq(SPECTRUM_WINDOW, 1.0 / SAMPLE_RATE)
    edges_hz = 700.0 * (np.exp(np.linspace(_mel(LOWEST_HZ), _mel(HIGHEST_HZ), BANDS + 2)) - 1.0)
    width_hz = SAMPLE_RATE / SPECTRUM_WINDOW
    centre_hz = edges_hz[1:-1, None]
    below_hz = np.maximum(centre_hz - edges_hz[:-2, None], 1.5 * width_hz)
    above_hz = np.maximum(edges_hz[2:, None] - centre_hz, 1.5 * width_hz)
    distance = (lines_hz[None, :] - centre_hz) / np.where(lines_hz[None, :] < centre_hz, below_hz, above_hz)
    return scipy.sparse.csr_array(np.maximum(1.0 - np.abs(distance), 0.0).astype(np.float32))


def _mel(hz: float) -> float:
    return float(np.log1p(hz / 700.0))
