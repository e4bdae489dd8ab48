"""Power spectra of the three windows, step by step; the steps of a signal in pieces are those of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from .constants import BASS_WINDOW, FINE_WINDOW, FRAME, FRAMES_A_STEP, PITCH_WINDOW, STEP

AHEAD = FRAME // 2 + PITCH_WINDOW // 2
"""A step's windows reach so many samples past its first frame."""
BEHIND = BASS_WINDOW - AHEAD
"""And so many before it."""


@dataclass(frozen=True, slots=True)
class Spectra:
    """Power of each line relative to a full-scale sine, float32.

    Attributes:
        pitch: (steps, PITCH_WINDOW // 2 + 1).
        bass: (steps, BASS_WINDOW // 2 + 1).
        fine: (steps, FRAMES_A_STEP, FINE_WINDOW // 2 + 1).
    """

    pitch: NDArray[np.float32]
    bass: NDArray[np.float32]
    fine: NDArray[np.float32]


def step_spectra(samples: NDArray[np.float32], steps: int) -> Spectra:
    """Spectra of ``steps`` steps.

    Args:
        samples: float32; the first step's first frame is centred on ``samples[BEHIND]``, the last step's windows end
            at ``BEHIND + (steps - 1) * STEP + AHEAD``.
    """
    pitch_start = BEHIND + FRAME // 2 - PITCH_WINDOW // 2
    fine_start = BEHIND - FINE_WINDOW // 2
    fine = _power(samples[fine_start:], FINE_WINDOW, FRAME, steps * FRAMES_A_STEP)
    return Spectra(
        pitch=_power(samples[pitch_start:], PITCH_WINDOW, STEP, steps),
        bass=_power(samples, BASS_WINDOW, STEP, steps),
        fine=fine.reshape(steps, FRAMES_A_STEP, -1),
    )


def _power(samples: NDArray[np.float32], window: int, hop: int, count: int) -> NDArray[np.float32]:
    frames = np.lib.stride_tricks.sliding_window_view(samples[: (count - 1) * hop + window], window)[::hop]
    # scipy's transform handles many windows at once, four times as fast as numpy's.
    spectrum = scipy.fft.rfft(frames * _window(window))
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


@lru_cache(maxsize=4)
def _window(length: int) -> NDArray[np.float32]:
    """A Hann window, scaled so that a full-scale sine has power 1 at its line."""
    shape = np.hanning(length + 1)[:-1]
    return np.asarray(shape * (2.0 / shape.sum()), np.float32)
