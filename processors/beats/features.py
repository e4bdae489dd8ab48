"""What the beat network reads of each onset cluster, computed as the notes come in.

A cluster is a chord: the notes within 40 ms of its first. Beats show in gaps between onsets, in what is low, loud,
thick, new in harmony, and in how long ago something like it was heard; each is one or a few columns. Durations are not
used: a live player's note-offs come too late, and transcribed audio has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.identify.compiled import compiled

from .constants import (
    CHORD_SIZES,
    CHROMA_DECAYS_S,
    GAP_BASES,
    LAG_DECAY_S,
    LAGS,
    LONGEST_GAP_S,
    LONGEST_LAG_S,
    LOUDNESS_LEVELS,
    RING,
    SHORTEST_GAP_S,
    SHORTEST_LAG_S,
)

LONG_AGO_S = -1e3
"""When everything was last heard, before anything was."""
DECAYS = np.array(CHROMA_DECAYS_S)

# Where each part lies in the state, a float64 array.
PITCH_AT = 0
LOUD_AT = PITCH_AT + 128
SIZE_AT = LOUD_AT + LOUDNESS_LEVELS
CHROMA_AT = SIZE_AT + CHORD_SIZES
LAG_AT = CHROMA_AT + 12 * len(CHROMA_DECAYS_S)
RING_AT = LAG_AT + LAGS
LAST_AT = RING_AT + 2 * RING
MEANS_AT = LAST_AT + 2  # the last cluster's time, how many there were; then running means
STATE_SIZE = MEANS_AT + 4

GAPS_AT = 0
LOW_AT = GAPS_AT + GAP_BASES
BASS_AT = LOW_AT + GAP_BASES
HISTOGRAM_AT = BASS_AT + GAP_BASES
NOW_AT = HISTOGRAM_AT + LAGS
CHORD_AT = NOW_AT + LAGS
NOVELTY_AT = CHORD_AT + 12
SCALARS_AT = NOVELTY_AT + len(CHROMA_DECAYS_S)
FEATURES = SCALARS_AT + 14
"""Columns of a frame."""


def new_state() -> NDArray[np.float64]:
    """The state before the first cluster, float64 [STATE_SIZE]."""
    state = np.zeros(STATE_SIZE)
    state[PITCH_AT:CHROMA_AT] = LONG_AGO_S
    state[RING_AT : RING_AT + RING] = LONG_AGO_S
    state[LAST_AT] = LONG_AGO_S
    state[MEANS_AT:] = (64.0, 48.0, 67.0, 1.5)
    return state


@compiled
def cluster_features(
    state: NDArray[np.float64],
    time_s: float,
    pitch: NDArray[np.uint8],
    velocity: NDArray[np.uint8],
    out: NDArray[np.float32],
) -> None:
    """Write one cluster's features to ``out``, float32 [FEATURES], and bring the state up to date.

    Args:
        state: of the source, see ``new_state``; changed.
        time_s: when the cluster began.
        pitch, velocity: of its notes, at least one.
    """
    out[:] = 0.0
    low, high, loudest, loudness = 127, 0, 0, 0.0
    for i in range(len(pitch)):
        low, high = min(low, int(pitch[i])), max(high, int(pitch[i]))
        loudest = max(loudest, int(velocity[i]))
        loudness += velocity[i]
    size = len(pitch)
    loudness /= size
    level = loudest * LOUDNESS_LEVELS // 128
    gap = time_s - state[LAST_AT]

    _since(state, time_s, gap, pitch, low, high, level, size, out)
    _harmony(state, gap, pitch, low, out)
    strength = 0.5 + 0.5 * min(size, 4) + max(0.0, (state[MEANS_AT + 1] - low) / 12.0)
    _rhythm(state, time_s, gap, strength, out)

    s = SCALARS_AT
    out[s + 8] = np.log2(size) / 2.0
    out[s + 9] = (low - 48.0) / 24.0
    out[s + 10] = (high - 67.0) / 24.0
    out[s + 11] = (low - state[MEANS_AT + 1]) / 12.0
    out[s + 12] = (high - state[MEANS_AT + 2]) / 12.0
    out[s + 13] = (loudness - state[MEANS_AT]) / 24.0
    state[MEANS_AT] += 0.05 * (loudness - state[MEANS_AT])
    state[MEANS_AT + 1] += 0.05 * (low - state[MEANS_AT + 1])
    state[MEANS_AT + 2] += 0.05 * (high - state[MEANS_AT + 2])
    state[MEANS_AT + 3] += 0.05 * (size - state[MEANS_AT + 3])
    state[LAST_AT] = time_s
    state[LAST_AT + 1] += 1.0


@compiled
def _since(
    state: NDArray[np.float64],
    time_s: float,
    gap: float,
    pitch: NDArray[np.uint8],
    low: int,
    high: int,
    level: int,
    size: int,
    out: NDArray[np.float32],
) -> None:
    """How long ago something as low, as high, as loud, as thick, or the same note was heard."""
    as_low = LONG_AGO_S
    for p in range(low + 2):
        as_low = max(as_low, state[PITCH_AT + p])
    as_high = LONG_AGO_S
    for p in range(max(high - 1, 0), 128):
        as_high = max(as_high, state[PITCH_AT + p])
    as_loud = LONG_AGO_S
    for k in range(level, LOUDNESS_LEVELS):
        as_loud = max(as_loud, state[LOUD_AT + k])
    thick = min(size, CHORD_SIZES) - 1
    as_thick = LONG_AGO_S
    for k in range(thick, CHORD_SIZES):
        as_thick = max(as_thick, state[SIZE_AT + k])
    same_class = LONG_AGO_S
    for p in range(low % 12, 60, 12):
        same_class = max(same_class, state[PITCH_AT + p])
    same = LONG_AGO_S
    for i in range(size):
        same = max(same, state[PITCH_AT + int(pitch[i])])
    _soft(gap, out[GAPS_AT : GAPS_AT + GAP_BASES])
    _soft(time_s - as_low, out[LOW_AT : LOW_AT + GAP_BASES])
    _soft(time_s - state[PITCH_AT + low], out[BASS_AT : BASS_AT + GAP_BASES])
    s = SCALARS_AT
    out[s] = _scaled(gap)
    out[s + 1] = _scaled(time_s - as_low)
    out[s + 2] = _scaled(time_s - as_high)
    out[s + 3] = _scaled(time_s - as_loud)
    out[s + 4] = _scaled(time_s - as_thick)
    out[s + 5] = _scaled(time_s - same_class)
    out[s + 6] = _scaled(time_s - same)
    out[s + 7] = _scaled(time_s - state[PITCH_AT + high])
    for i in range(size):
        state[PITCH_AT + int(pitch[i])] = time_s
    state[LOUD_AT + level] = time_s
    state[SIZE_AT + thick] = time_s


@compiled
def _harmony(
    state: NDArray[np.float64], gap: float, pitch: NDArray[np.uint8], low: int, out: NDArray[np.float32]
) -> None:
    """The chord above its lowest note, and how far its pitch classes are new, over three memories."""
    chroma = np.zeros(12)
    for i in range(len(pitch)):
        chroma[int(pitch[i]) % 12] += 1.0
        out[CHORD_AT + (int(pitch[i]) - low) % 12] = 1.0
    norm = np.sqrt((chroma * chroma).sum())
    for k in range(len(DECAYS)):
        past = state[CHROMA_AT + 12 * k : CHROMA_AT + 12 * (k + 1)]
        past *= np.exp(-gap / DECAYS[k])
        known = np.sqrt((past * past).sum())
        if known > 1e-9:
            out[NOVELTY_AT + k] = 1.0 - (past * chroma).sum() / (known * norm)
        past += chroma


@compiled
def _rhythm(state: NDArray[np.float64], time_s: float, gap: float, strength: float, out: NDArray[np.float32]) -> None:
    """Which gaps separate this onset from the ones before, and which did so lately (an inter-onset histogram)."""
    histogram = state[LAG_AT : LAG_AT + LAGS]
    histogram *= np.exp(-gap / LAG_DECAY_S)
    steps = (LAGS - 1) / np.log(LONGEST_LAG_S / SHORTEST_LAG_S)
    for r in range(RING):
        lag = time_s - state[RING_AT + r]
        if lag < SHORTEST_LAG_S or lag > LONGEST_LAG_S:
            continue
        place = np.log(lag / SHORTEST_LAG_S) * steps
        bin = min(int(place), LAGS - 2)
        weight = state[RING_AT + RING + r]
        right = place - bin
        out[NOW_AT + bin] += 0.4 * weight * (1.0 - right)
        out[NOW_AT + bin + 1] += 0.4 * weight * right
        histogram[bin] += strength * weight * (1.0 - right)
        histogram[bin + 1] += strength * weight * right
    highest = histogram.max()
    if highest > 1e-9:
        for k in range(LAGS):
            out[HISTOGRAM_AT + k] = histogram[k] / highest
    slot = int(state[LAST_AT + 1]) % RING
    state[RING_AT + slot] = time_s
    state[RING_AT + RING + slot] = strength


@compiled
def _soft(gap_s: float, out: NDArray[np.float32]) -> None:
    place = np.log(max(gap_s, SHORTEST_GAP_S) / SHORTEST_GAP_S)
    place *= (GAP_BASES - 1) / np.log(LONGEST_GAP_S / SHORTEST_GAP_S)
    place = min(place, GAP_BASES - 1.0)
    bin = min(int(place), GAP_BASES - 2)
    out[bin] = 1.0 - (place - bin)
    out[bin + 1] = place - bin


@compiled
def _scaled(gap_s: float) -> float:
    return float(min(np.log2(1.0 + gap_s / 0.05) / 4.0, 2.5))


@compiled
def features_of_notes(
    onset_s: NDArray[np.float64], pitch: NDArray[np.uint8], velocity: NDArray[np.uint8], chord_s: float, most: int
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """All frames of a whole piece at once: the same as adding its notes one by one.

    Args:
        onset_s, pitch, velocity: notes in order of onset.
        chord_s: the length of a cluster.
        most: notes of a cluster that count.

    Returns:
        float64 [frames], when each cluster began; float32 [frames, FEATURES].
    """
    state = np.zeros(STATE_SIZE)
    state[PITCH_AT:CHROMA_AT] = LONG_AGO_S
    state[RING_AT : RING_AT + RING] = LONG_AGO_S
    state[LAST_AT] = LONG_AGO_S
    state[MEANS_AT] = 64.0
    state[MEANS_AT + 1] = 48.0
    state[MEANS_AT + 2] = 67.0
    state[MEANS_AT + 3] = 1.5
    frames = 0
    start = np.empty(len(onset_s) + 1, np.int64)
    for i in range(len(onset_s)):
        if i == 0 or onset_s[i] > onset_s[start[frames - 1]] + chord_s:
            start[frames] = i
            frames += 1
    start[frames] = len(onset_s)
    times = np.empty(frames)
    features = np.zeros((frames, FEATURES), np.float32)
    for f in range(frames):
        a, b = start[f], min(start[f + 1], start[f] + most)
        times[f] = onset_s[a]
        cluster_features(state, times[f], pitch[a:b], velocity[a:b], features[f])
    return times, features
