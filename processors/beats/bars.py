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
