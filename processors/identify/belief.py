"""Belief: how likely the best hypothesis about a live player is right, by a small logistic model.

Fitted for the first notes of simulated players (``processors.training.fit_live``), where the confidence for clips,
which was fitted on many notes at once, would be too careful or too bold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from .hypotheses import Hypothesis, same_music

COEFFICIENTS = "live.json"
RIVALS = 5
"""So many of the next best works are looked at; of the best, those with the same music are no rivals."""
NEAR = 12.0
"""A work that trails the best by more is a rival without a look at its music."""


def belief_features(ranked: Sequence[Hypothesis], notes: int) -> NDArray[np.float64]:
    """The model's input for the best of ``ranked`` after so many ``notes``, float64 [9].

    A one; the best score, up to two limits and a note; its lead over the best work with other music, up to two limits;
    logarithm of the number of notes; whether the key is another one; the share of notes that the best path matched.
    """
    best = ranked[0]
    lead = best.score - _rival(ranked)
    return np.array(
        [
            1.0,
            min(best.score, 20.0),
            min(best.score, 60.0),
            best.score / notes,
            min(lead, 6.0),
            min(lead, 25.0),
            math.log(notes),
            best.shift != 0,
            min(best.follower.position.matched / notes, 1.0),
        ]
    )


def _rival(ranked: Sequence[Hypothesis]) -> float:
    best = ranked[0]
    for other in ranked[1 : 1 + RIVALS]:
        if other.score < best.score - NEAR or not same_music(best, other):
            return max(other.score, 0.0)
    return 0.0


@dataclass(frozen=True, slots=True)
class Belief:
    """The fitted model.

    Attributes:
        weights: one a feature.
        threshold: a hypothesis at least so probable is believed.
    """

    weights: NDArray[np.float64]
    threshold: float

    @classmethod
    def load(cls) -> Belief:
        """The coefficients shipped with the code."""
        values = json.loads(resources.files(__package__).joinpath(COEFFICIENTS).read_text())
        return cls(np.array(values["weights"]), values["threshold"])

    def probability(self, features: NDArray[np.float64]) -> float:
        """The probability that the best hypothesis is what is played."""
        value = float(self.weights @ features)
        return 1.0 / (1.0 + math.exp(-max(min(value, 40.0), -40.0)))
