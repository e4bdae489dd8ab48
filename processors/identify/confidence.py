"""Confidence: how likely an answer is right, from its evidence, by a logistic model with interactions.

It is fitted on simulated clips of music that the catalogue holds and of music taken out of it
(``processors.training.fit_identify``).
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .ranking import COEFFICIENTS, FEATURE_NAMES

if TYPE_CHECKING:
    from .search import Hit

BACKGROUND_PLACE = 5
"""Works from this place on are surely not what is played; the second may be the same music under another title."""

MAX_LEAD, MAX_NEXT_LEAD = 30.0, 10.0
OF_THE_BEST = (
    "aligned_a_note",
    "matched_a_note",
    "near_a_note",
    "nearer_a_note",
    "found_a_note",
    "found_share",
    "found_surprise_a_note",
    "found_surprise_root",
    "gap_error_mean",
    "in_time_share",
    "scattered_mean",
    "tempo_distance",
    "same_key",
)
"""Features of the best hit that are evidence as they are."""
ALIGNED, JUMPS, SKIPPED = (FEATURE_NAMES.index(name) for name in ("aligned", "jumps", "skipped_groups"))
WHICH = np.array([FEATURE_NAMES.index(name) for name in OF_THE_BEST])
EVIDENCE = 9 + len(OF_THE_BEST)
MAX_DEVIATION = 5.0


def evidence_of(ranked: Sequence[Hit], notes: int) -> NDArray[np.float64]:
    """The model's input for the best of ``ranked``, see ``evidence``; notes: of the grouped query."""
    return evidence(ranked[0].features, [hit.rank for hit in ranked[: BACKGROUND_PLACE + 1]], notes)


def evidence(best: NDArray[np.float64], ranks: Sequence[float], notes: int) -> NDArray[np.float64]:
    """What speaks for an answer, float64 [``EVIDENCE``].

    Args:
        best: the best hit's features, see ``ranking.FEATURE_NAMES``.
        ranks: ranking scores of the best passage of each work, highest first; as far as the background's place.
        notes: the number of notes heard.

    Returns:
        the lead over the background a note, as its root and as it is up to ``MAX_LEAD``; the lead over the second
        work; the score a note; the logarithm of the number of notes and of the alignment's score; jumps and skipped
        groups a note; the features ``OF_THE_BEST``.
    """
    background = ranks[min(BACKGROUND_PLACE, len(ranks) - 1)] if len(ranks) > 2 else 0.0
    lead = max(ranks[0] - background, 0.0)
    next_lead = max(ranks[0] - (ranks[1] if len(ranks) > 1 else 0.0), 0.0)
    aligned, jumps, skipped = best[ALIGNED], best[JUMPS], best[SKIPPED]
    own = (
        lead / notes,
        math.sqrt(lead),
        min(lead, MAX_LEAD),
        min(next_lead, MAX_NEXT_LEAD),
        ranks[0] / notes,
        math.log(notes),
        math.log(max(aligned, 1.0)),
        jumps / notes,
        skipped / notes,
    )
    return np.concatenate((own, best[WHICH]))


def interactions(standard: NDArray[np.float64]) -> NDArray[np.float64]:
    """A one, the inputs, and all their products with each other; float64 [..., 1 + n + n (n + 1) / 2]."""
    i, j = np.triu_indices(standard.shape[-1])
    one = np.ones((*standard.shape[:-1], 1))
    return np.concatenate((one, standard, standard[..., i] * standard[..., j]), axis=-1)


@dataclass(frozen=True, slots=True)
class Confidence:
    """The fitted model.

    Attributes:
        mean, deviation: of the evidence, to bring it to a standard scale; float64 [``EVIDENCE``].
        weights: one for each of the ``interactions``.
        threshold: an answer at least so probable is ``matched``.
        sharpness: how fast works with a lower score lose their share of the confidence, per matched note.
    """

    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]
    weights: NDArray[np.float64]
    threshold: float
    sharpness: float

    @classmethod
    def load(cls) -> Confidence:
        """The coefficients shipped with the code."""
        values = json.loads(resources.files(__package__).joinpath(COEFFICIENTS).read_text())["confidence"]
        mean, deviation, weights = (np.array(values[name]) for name in ("mean", "deviation", "weights"))
        return cls(mean, deviation, weights, values["threshold"], values["sharpness"])

    def inputs(self, evidence: NDArray[np.float64]) -> NDArray[np.float64]:
        """Evidence, float64 [..., ``EVIDENCE``], as the model takes it."""
        return interactions(np.clip((evidence - self.mean) / self.deviation, -MAX_DEVIATION, MAX_DEVIATION))

    def known(self, evidence: NDArray[np.float64]) -> float:
        """The probability that the music is in the catalogue and found."""
        value = float(self.inputs(evidence) @ self.weights)
        return 1.0 / (1.0 + math.exp(-max(min(value, 40.0), -40.0)))

    def shares(self, scores: list[float]) -> list[float]:
        """How the probability is shared among candidates with these scores; sums to 1."""
        weights = np.exp(np.maximum(self.sharpness * (np.array(scores) - max(scores)), -50.0))
        return [float(weight) for weight in weights / weights.sum()]
