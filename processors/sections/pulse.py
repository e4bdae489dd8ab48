"""A steady pulse of notes whose beats nobody has told: dynamic programming (Ellis, 2007) on accents and beat hints.

Sections need steps of about a beat, the same in every repeat. The beat network hears which accents are beats; the
search over the whole piece keeps the pulse from slipping, which repeats would not survive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from processors.notes import Notes

from .hints import BeatHints

RATE_HZ = 50.0
USUAL_PERIOD_S = 0.65
PERIODS_S = (0.4, 1.2)
SPREAD_OCTAVES = 0.7
"""How far from the usual period a pulse is still likely."""
TIGHTNESS = 100.0
"""How much an uneven beat costs, against an accent of one standard deviation."""
LOW_PITCH = 52
LOW_WEIGHT = 2.0
"""Bass notes mark beats more often than others."""


def pulse_of(notes: Notes, hints: BeatHints) -> NDArray[np.float64]:
    """The times of a pulse through notes, seconds, float64; at least two.

    Music of less than four seconds, or of one chord, gets a pulse of the usual period.
    """
    accents = _accents(notes, hints)
    if len(accents) < 4 * RATE_HZ or len(np.unique(notes.onset_s)) < 4:
        start_s = float(notes.onset_s[0]) if len(notes) else 0.0
        count = max(2, int((notes.end_s - start_s) / USUAL_PERIOD_S) + 1)
        return np.asarray(start_s + USUAL_PERIOD_S * np.arange(count), np.float64)
    period = _period(accents)
    return np.asarray(_beats(accents, period) / RATE_HZ, np.float64)


def _accents(notes: Notes, hints: BeatHints) -> NDArray[np.float64]:
    length = int(notes.onset_s[-1] * RATE_HZ) + 2 if len(notes) else 0
    weight = notes.velocity / 64.0 * np.where(notes.pitch < LOW_PITCH, LOW_WEIGHT, 1.0)
    impulses = np.bincount(np.rint(notes.onset_s * RATE_HZ).astype(np.int64), weight, length)
    frame = np.minimum(np.rint(hints.time_s * RATE_HZ).astype(np.int64), max(0, length - 1))
    beats = np.bincount(frame, hints.activation[:, 0], length)
    # the root: a chord of nine notes is not nine times a beat
    return np.asarray((_smooth(np.sqrt(impulses)) + _smooth(beats)) / 2)


def _smooth(impulses: NDArray[np.number]) -> NDArray[np.float64]:
    smooth = gaussian_filter1d(impulses, 0.03 * RATE_HZ)
    return np.asarray(smooth / (smooth.std() + 1e-9))


def _period(accents: NDArray[np.float64]) -> float:
    """The period in frames: the autocorrelation's best lag with its double, weighted by how usual it is."""
    centred = accents - accents.mean()
    size = 1 << int(2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    correlation = np.fft.irfft(np.abs(spectrum) ** 2, size)[: len(centred)]
    lags = np.arange(int(PERIODS_S[0] * RATE_HZ), int(PERIODS_S[1] * RATE_HZ) + 1)
    prior = np.exp(-0.5 * (np.log2(lags / (USUAL_PERIOD_S * RATE_HZ)) / SPREAD_OCTAVES) ** 2)
    lag = np.arange(len(correlation))
    score = sum(np.interp(lags * k, lag, correlation, right=0.0) / k for k in (1, 2, 4))
    return _refined(correlation, int(lags[np.argmax(score * prior)]))


def _refined(correlation: NDArray[np.float64], lag: int) -> float:
    """The lag to a fraction of a frame, by its multiple of eight."""
    at = np.arange(8 * lag - 8, 8 * lag + 9)
    at = at[at < len(correlation)]
    return float(at[np.argmax(correlation[at])]) / 8 if len(at) == 17 else float(lag)


def _beats(accents: NDArray[np.float64], period: float) -> NDArray[np.int64]:
    gaps = np.arange(round(period / 2), round(period * 2) + 1)
    cost = -TIGHTNESS * np.log(gaps / period) ** 2
    score = accents.copy()
    previous = np.full(len(accents), -1)
    for i in range(int(gaps[0]), len(accents)):
        reach = gaps[: np.searchsorted(gaps, i, side="right")]
        through = score[i - reach] + cost[: len(reach)]
        best = int(np.argmax(through))
        if through[best] > 0:
            score[i] += through[best]
            previous[i] = i - reach[best]
    last = int(len(score) - round(period) + np.argmax(score[-round(period) :]))
    beats = [last]
    while previous[beats[-1]] >= 0:
        beats.append(int(previous[beats[-1]]))
    beats.reverse()
    return np.array(beats if len(beats) > 1 else [0, round(period)], np.int64)
