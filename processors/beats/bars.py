"""Which beat of the bar: a hidden Markov model that steps from beat to beat, over bars of two, three and four."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

METRES = (2, 3, 4)
PLACES = [(metre, place) for metre in METRES for place in range(metre)]
METRE_OF = np.array([metre for metre, _ in PLACES])
PLACE_OF = np.array([place for _, place in PLACES])
METRE_PRIOR = {2: 0.3, 3: 0.3, 4: 0.4}
SLIP, CHANGE = 0.01, 0.006
"""Chances at a beat that one was missed or doubled, and that another metre begins."""
TRUST = 0.8
"""The power of the downbeat activations."""


def _transitions() -> NDArray[np.float64]:
    count = len(PLACES)
    table = np.zeros((count, count))
    for a, (metre, place) in enumerate(PLACES):
        for b, (to_metre, to_place) in enumerate(PLACES):
            if metre == to_metre:
                ahead = (to_place - place) % metre
                table[a, b] += (1.0 - SLIP - CHANGE) if ahead == 1 else 0.0
                table[a, b] += SLIP / 2.0 if ahead == 0 else 0.0
                table[a, b] += SLIP / 2.0 if ahead == 2 % metre else 0.0
            if to_place == (0 if place == metre - 1 else place + 1) % to_metre:
                table[a, b] += CHANGE / 2.0 if metre != to_metre else 0.0
    return np.asarray(table / table.sum(1, keepdims=True))


STEP = _transitions()


def new_bar() -> NDArray[np.float64]:
    """Before the first beat: float64 [places], any place of any metre."""
    return np.array([METRE_PRIOR[metre] / metre for metre, _ in PLACES])


def bar_step(bar: NDArray[np.float64], downbeat: float) -> NDArray[np.float64]:
    """The places after another beat, whose chance to be a downbeat, given that it is a beat, the network says."""
    after = bar @ STEP
    chance = min(max(downbeat, 0.02), 0.98)
    after = after * np.where(PLACE_OF == 0, (chance / 0.35) ** TRUST, ((1.0 - chance) / 0.65) ** TRUST)
    return np.asarray(after / after.sum())


def best_places(downbeat: NDArray[np.float64], trust: float) -> NDArray[np.int64]:
    """The likeliest way through the bars of a whole piece (Viterbi).

    Args:
        downbeat: float64 [beats], the chance of each to be a downbeat, given that it is a beat.
        trust: the power of these chances.

    Returns:
        int64 [beats], into ``PLACES``.
    """
    chance = np.clip(downbeat, 0.02, 0.98)[:, None]
    heard = trust * np.where(PLACE_OF == 0, np.log(chance / 0.35), np.log((1.0 - chance) / 0.65))
    step = np.log(STEP + 1e-12)
    score = np.log(new_bar()) + heard[0]
    came_from = np.zeros((len(downbeat), len(PLACES)), np.int64)
    for beat in range(1, len(downbeat)):
        ways = score[:, None] + step
        came_from[beat] = ways.argmax(0)
        score = ways.max(0) + heard[beat]
    path = np.empty(len(downbeat), np.int64)
    path[-1] = score.argmax()
    for beat in range(len(downbeat) - 1, 0, -1):
        path[beat - 1] = came_from[beat, path[beat]]
    return path
