"""Confidence: how likely an answer is right, from its evidence, by a small logistic model fitted on simulated clips."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from .ranking import COEFFICIENTS, FEATURE_NAMES
from .search import Hit

BACKGROUND_PLACE = 5
"""Works from this place on are surely not what is played; the second may be the same music under another title."""

MAX_LEAD = 30.0


def evidence_of(ranked: Sequence[Hit], notes: int) -> NDArray[np.float64]:
    """The model's input for the best of ``ranked``, float64 [10].

    A one; alignment score and matched notes a note; the ranking score's lead over the background, a note, as its root
    and as it is up to ``MAX_LEAD``; the logarithm of the number of notes; the mean error of time gaps; the share of
    notes in time; the ranking score a note.
    """
    best = ranked[0]
    feature = dict(zip(FEATURE_NAMES, best.features.tolist(), strict=True))
    background = ranked[min(BACKGROUND_PLACE, len(ranked) - 1)].rank if len(ranked) > 2 else 0.0
    lead = max(best.rank - background, 0.0)
    return np.array(
        [
            1.0,
            best.aligned / notes,
            feature["matched"] / notes,
            lead / notes,
            math.sqrt(lead),
            min(lead, MAX_LEAD),
            math.log(notes),
            feature["gap_error_mean"],
            feature["in_time_share"],
            best.rank / notes,
        ]
    )


@dataclass(frozen=True, slots=True)
class Confidence:
    """The fitted model.

    Attributes:
        weights: one a feature.
        threshold: an answer at least so probable is ``matched``.
        sharpness: how fast works with a lower score lose their share of the confidence, per matched note.
    """

    weights: NDArray[np.float64]
    threshold: float
    sharpness: float

    @classmethod
    def load(cls) -> Confidence:
        """The coefficients shipped with the code."""
        values = json.loads(resources.files(__package__).joinpath(COEFFICIENTS).read_text())["confidence"]
        return cls(np.array(values["weights"]), values["threshold"], values["sharpness"])

    def known(self, evidence: NDArray[np.float64]) -> float:
        """The probability that the music is in the catalogue and found."""
        value = float(self.weights @ evidence)
        return 1.0 / (1.0 + math.exp(-max(min(value, 40.0), -40.0)))

    def shares(self, scores: list[float]) -> list[float]:
        """How the probability is shared among candidates with these scores; sums to 1."""
        weights = np.exp(np.maximum(self.sharpness * (np.array(scores) - max(scores)), -50.0))
        return [float(weight) for weight in weights / weights.sum()]
