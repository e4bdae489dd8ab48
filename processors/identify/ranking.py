"""Ranking: which of the aligned passages is the one that was played.

The alignment counts pitches in order; alone it is fooled by dense passages that hold any note. A linear model adds
whether the notes are where they should be in time, how surprising it is that the passage holds them, what of the
passage was not heard, how many tokens voted for it, its tempo and its key.
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
from .timing import FIT_NAMES, passage_features

COEFFICIENTS = "coefficients.json"
PER_NOTE = ("aligned", "matched", "in_time", "near", "nearer", "found", "found_surprise")
ROOTS = ("surprise", "found_surprise", "missed")
FEATURE_NAMES = (
    *FIT_NAMES,
    "tempo_distance",
    "gap_error_mean",
    "in_time_share",
    "scattered_mean",
    "missed_share",
    "found_share",
    "vote_share",
    "same_key",
    *(f"{name}_a_note" for name in PER_NOTE),
    *(f"{name}_root" for name in ROOTS),
)
MAX_TEMPO_DISTANCE = 1.5


@dataclass(frozen=True, slots=True)
class Ranking:
    """The fitted model: float64 [features], one weight a feature."""

    weights: NDArray[np.float64]

    @classmethod
    def load(cls) -> Ranking:
        """The coefficients shipped with the code."""
        values = json.loads(resources.files(__package__).joinpath(COEFFICIENTS).read_text())["ranking"]
        return cls(np.array([values[name] for name in FEATURE_NAMES]))


def rank_features(segment: Segment, passages: Passages, most_votes: int, query: Grouped) -> NDArray[np.float64]:
    """The ranking model's input, float64 [passages, features]."""
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
    column = {name: fit[:, i] for i, name in enumerate(FIT_NAMES)}
    matched, missed = np.maximum(column["matched"], 1.0), np.maximum(column["missed"], 0.0)
    return np.column_stack(
        (
            fit,
            np.minimum(np.abs(column["tempo"]), MAX_TEMPO_DISTANCE),
            column["gap_errors_squared"] / matched,
            column["in_time"] / matched,
            column["scattered"] / matched,
            missed / (missed + matched + 1.0),
            column["found"] / (column["found"] + missed + 1.0),
            passages.votes / max(most_votes, 1),
            passages.shift == 0,
            *(column[name] / len(query.pitch) for name in PER_NOTE),
            *(np.sqrt(np.maximum(column[name], 0.0)) for name in ROOTS),
        )
    )
