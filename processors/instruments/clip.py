"""A clip as the network reads it: resampled, cut into windows, levels of mel bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from processors.midi import BadMusicError

from .constants import QUIET_DB, SAMPLE_RATE, SILENCE_DB, WINDOW
from .spectra import FLOOR, levels, window_power

FRONT_END = "mel-128-1"
"""Version of the spectra: another number when they change, as the network is made for them."""
LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000
RESAMPLING = "MQ"
"""soxr's medium quality: its errors lie far below the bands' own width."""


@dataclass(frozen=True, slots=True, eq=False)
class PreparedClip:
    """A clip as the network reads it; what ``prepare`` hands to ``judge``.

    Attributes:
        levels: uint8 (windows, WINDOW_FRAMES, BANDS), of the windows that are not silent.
        starts: int64, the first sample of each of these windows, at ``SAMPLE_RATE``.
        duration_s: length of the clip.
    """

    levels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    duration_s: float


def prepare(samples: NDArray[np.floating], sample_rate_hz: int) -> PreparedClip:
    """Resample a clip and take the spectra of its windows.

    Args:
        samples: mono; the level does not matter.
        sample_rate_hz: of the samples.

    Raises:
        BadMusicError: the samples are not mono, not finite, none at all, or of an impossible rate.
    """
    checked = _checked(samples, sample_rate_hz)
    heard = np.asarray(soxr.resample(checked, sample_rate_hz, SAMPLE_RATE, RESAMPLING), np.float32)
    starts = _window_starts(len(heard))
    power = window_power(heard, starts)
    loudest_db = 10.0 * np.log10(power.max(axis=(1, 2)) + FLOOR)
    sounding = loudest_db > max(float(loudest_db.max()) - QUIET_DB, SILENCE_DB)
    return PreparedClip(levels(power[sounding]), starts[sounding], len(checked) / sample_rate_hz)


def _window_starts(samples: int) -> NDArray[np.int64]:
    """Windows that cover all, side by side; the last one ends with the clip, so that none is mostly empty."""
    count = max(-(-samples // WINDOW), 1)
    return np.round(np.linspace(0, max(samples - WINDOW, 0), count)).astype(np.int64)


def _checked(samples: NDArray[np.floating], sample_rate_hz: int) -> NDArray[np.float32]:
    if not LOWEST_RATE <= sample_rate_hz <= HIGHEST_RATE:
        raise BadMusicError(
            "bad_audio", f"Audio of {sample_rate_hz} Hz cannot be analysed; send {LOWEST_RATE}-{HIGHEST_RATE} Hz."
        )
    if samples.ndim != 1:
        raise BadMusicError("bad_audio", f"Samples must be mono, of one dimension; these have {samples.ndim}.")
    if not len(samples):
        raise BadMusicError("bad_audio", "The sound has zero length.")
    mono = np.asarray(samples, np.float32)
    if not np.isfinite(mono).all():
        raise BadMusicError("bad_audio", "The samples hold values that are not finite numbers.")
    return mono
