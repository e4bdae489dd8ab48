"""Ranking: which of the aligned passages is the one that was played.

The alignment counts pitches in order; alone it is fooled by dense passages that hold any note. A linear model adds
whether the matched notes were in time with each other, how many tokens voted for the passage, its tempo and its key.
Its weights are a conditional logit fitted on simulated performances (``processors.training.fit_identify``), so
differences of scores are log odds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from .groups import Grouped
from .retrieve import Passages
from .segment import Segment
from .timing import passage_features

COEFFICIENTS = "coefficients.json"
FEATURE_NAMES = (
    "aligned",
    "matched",
    "gap_errors_squared",
    "gap_errors",
    "in_time",
    "jumps",
    "skipped_groups",
    "tempo_distance",
    "gap_error_mean",
    "in_time_share",
    "vote_share",
    "same_key",
)
MAX_TEMPO_DISTANCE = 1.5


@dataclass(frozen=True, slots=True)
class Ranking:
    """The fitted model: float64 [12], one weight a feature."""

    weights: NDArray[np.float64]

    @classmethod
    def load(cls) -> Ranking:
        """The coefficients shipped with the code."""
        values = json.loads(resources.files(__package__).joinpath(COEFFICIENTS).read_text())["ranking"]
        return cls(np.array([values[name] for name in FEATURE_NAMES]))


def rank_features(segment: Segment, passages: Passages, most_votes: int, query: Grouped) -> NDArray[np.float64]:
    """The ranking model's input, float64 [passages, 12]."""
    fit = passage_features(
        segment.stored,
        segment.gaps,
        segment.work_note,
        segment.work_group,
        passages.work,
        passages.first,
        passages.last,
        passages.shift,
        query.pitch,
        query.note_ms,
    )
    fit[:, 7] = np.minimum(np.abs(fit[:, 7]), MAX_TEMPO_DISTANCE)
    matched = np.maximum(fit[:, 1], 1.0)
    return np.column_stack(
        (
            fit,
            fit[:, 2] / matched,
            fit[:, 4] / matched,
            passages.votes / max(most_votes, 1),
            passages.shift == 0,
        )
    )
