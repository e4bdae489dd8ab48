"""The bar pointer over a whole piece: what is likely at an onset given all others, before it and after it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bar_pointer import (
    BEAT_PRIOR,
    DEFAULTS,
    PERIOD_S,
    PHASES,
    TEMPI,
    TRUST,
    WINDOW_BEATS,
    WINDOW_S,
    new_pointer,
    pointer_step,
    tempo_on_beat,
)

LEAST_CHANCE = 1e-9
"""Of a state that one direction has given up: the other may know better."""
BLOCK, AHEAD = 2000, 300
"""Onsets that are smoothed together, and those after them that are heard for it; memory stays bounded."""
LONGEST_GAP_S = 6.0
"""Longer gaps count as so long: nothing is known after them anyway."""

MIRRORED = -np.arange(PHASES) % PHASES
"""Where a place in the beat is when time runs backwards."""
_AWAY = np.minimum(np.arange(PHASES), MIRRORED) / PHASES
NEAR = np.exp(-0.5 * (_AWAY / (DEFAULTS[WINDOW_S] / PERIOD_S[:, None] + DEFAULTS[WINDOW_BEATS])) ** 2)
"""How much each place is on the beat, float64 [TEMPI, PHASES]."""


def smooth(time_s: NDArray[np.float64], beat: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Forward-backward over the pointer's states (Rabiner, Proc. IEEE 77(2), 1989).

    The way back is the pointer on the reversed piece: a place before a beat is then a place after it.

    Args:
        time_s: float64 [frames], of the onsets, in order.
        beat: float64 [frames], activations, 0-1.

    Returns:
        float64 [frames], the probability that each onset is on a beat; float64 [frames], the beat's length there.
    """
    gap_s = np.minimum(np.diff(time_s, prepend=time_s[:1]), LONGEST_GAP_S)
    chance, period_s = np.empty(len(beat)), np.empty(len(beat))
    pointer = new_pointer()
    for start in range(0, len(beat), BLOCK):
        stop = min(start + BLOCK, len(beat))
        end = min(stop + AHEAD, len(beat))
        flat = np.full((TEMPI, PHASES), 1.0 / (TEMPI * PHASES), np.float32)
        back = _filtered(flat, np.append(0.0, gap_s[end - 1 : start : -1]), beat[start:end][::-1])[::-1]
        there = _filtered(pointer, gap_s[start:stop], beat[start:stop])
        for frame in range(start, stop):
            both, chance[frame] = _joined(there[frame - start], back[frame - start], beat[frame])
            period_s[frame] = tempo_on_beat(both, PERIOD_S, 0.0)[0]
    return chance, period_s


def _joined(there: NDArray[np.float32], back: NDArray[np.float32], beat: float) -> tuple[NDArray[np.float32], float]:
    """The pointer given both directions, float32 [TEMPI, PHASES], and the probability of a beat."""
    chance = min(max(beat, 0.005), 0.995)
    on = NEAR * (chance / DEFAULTS[BEAT_PRIOR]) ** DEFAULTS[TRUST]
    off = (1.0 - NEAR) * ((1.0 - chance) / (1.0 - DEFAULTS[BEAT_PRIOR])) ** DEFAULTS[TRUST]
    # Both have weighed this onset; it counts once.
    both = (there + LEAST_CHANCE) * (back[:, MIRRORED] + LEAST_CHANCE) / (on + off)
    both /= both.sum()
    return both.astype(np.float32), float((both * on / (on + off)).sum())


def _filtered(
    pointer: NDArray[np.float32], gap_s: NDArray[np.float64], beat: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The pointer after each onset, float32 [frames, TEMPI, PHASES]: 8 KB an onset."""
    all_of_them = np.empty((len(beat), TEMPI, PHASES), np.float32)
    for frame in range(len(beat)):
        pointer_step(pointer, float(gap_s[frame]), float(beat[frame]), PERIOD_S, DEFAULTS)
        all_of_them[frame] = pointer
    return all_of_them
