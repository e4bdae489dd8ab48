"""Confidence: how likely an answer is right, from its evidence, by a small logistic model fitted on simulated clips."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from .ranking import COEFFICIENTS


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for the best candidate.

    Attributes:
        notes: notes of the query.
        score: alignment score of the best candidate, in matched notes.
        rank: its ranking score.
        background: the ranking score that works have by chance here.
        matched: the query's notes that were found.
        misfit: how far their onsets lie from a steady tempo, see ``place.Place``.
    """

    notes: int
    score: float
    rank: float
    background: float
    matched: int
    misfit: float

    def features(self) -> NDArray[np.float64]:
        """The model's input, float64 [7]."""
        n = max(self.notes, 1)
        lead = max(self.rank - self.background, 0.0)
        return np.array(
            [
                1.0,
                self.score / n,
                self.matched / n,
                lead / n,
                math.sqrt(lead),
                math.log(n),
                min(self.misfit, 0.5),
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

    def known(self, evidence: Evidence) -> float:
        """The probability that the music is in the catalogue and found."""
        value = float(self.weights @ evidence.features())
        return 1.0 / (1.0 + math.exp(-max(min(value, 40.0), -40.0)))

    def shares(self, scores: list[float]) -> list[float]:
        """How the probability is shared among candidates with these scores; sums to 1."""
        weights = np.exp(np.maximum(self.sharpness * (np.array(scores) - max(scores)), -50.0))
        return [float(weight) for weight in weights / weights.sum()]
