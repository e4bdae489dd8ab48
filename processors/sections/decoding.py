"""From what each step may be to sections: the best sequence of stretches, with usual lengths and successions.

A semi-Markov Viterbi search: a section is scored as a whole by the label of all its steps, by the boundary at its
start, by its length, and by the section before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PRIORS = Path(__file__).with_name("priors.json")


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """What sections are usually like, and how much that counts.

    Attributes:
        length: float64 [labels, longest], log probability of a length of 1, 2, ... steps.
        follows: float64 [labels, labels], log probability of the second after the first.
        begins: float64 [labels], log probability of the first section.
        boundary_weight, label_weight, length_weight, follow_weight: of the four parts of a score.
        boundary_bias: added to the logit of every boundary; more finds more of them.
    """

    length: NDArray[np.float64]
    follows: NDArray[np.float64]
    begins: NDArray[np.float64]
    boundary_weight: float
    label_weight: float
    length_weight: float
    follow_weight: float
    boundary_bias: float

    @staticmethod
    @cache
    def shipped() -> Priors:
        """Those that were counted in training."""
        raw = json.loads(PRIORS.read_text("utf-8"))
        length, follows, begins = (np.array(raw[name], np.float64) for name in ("length", "follows", "begins"))
        return Priors(length, follows, begins, **raw["weights"])


def decode(boundary: NDArray[np.float64], label: NDArray[np.float64], priors: Priors) -> list[tuple[int, int, int]]:
    """The best sections.

    Args:
        boundary: float64 [steps], logit that a section starts with a step.
        label: float64 [steps, labels], log probabilities.

    Returns:
        (first step, end step, index of the label), covering all steps.
    """
    count, labels = label.shape
    longest = min(priors.length.shape[1], count)
    total = np.concatenate([np.zeros((1, labels)), np.cumsum(label, 0)]) * priors.label_weight
    start = priors.boundary_weight * (boundary + priors.boundary_bias)
    length = priors.length_weight * priors.length
    follows = priors.follow_weight * priors.follows
    # entered[s]: the best score of all up to step s, if a section of each label starts there
    entered = np.full((count + 1, labels), -np.inf)
    entered[0] = priors.follow_weight * priors.begins
    came_label = np.zeros((count + 1, labels), np.int64)
    ended_start = np.zeros((count + 1, labels), np.int64)
    for end in range(1, count + 1):
        first = np.arange(max(0, end - longest), end)
        score = entered[first] - total[first] + length[:, end - first - 1].T
        best = score.argmax(0)
        ended_start[end] = first[best]
        ended = score[best, np.arange(labels)] + total[end]
        if end == count:
            break
        onward = ended[:, None] + follows
        came_label[end] = onward.argmax(0)
        entered[end] = onward.max(0) + start[end]
    sections: list[tuple[int, int, int]] = []
    now, end = int(ended.argmax()), count
    while end > 0:
        begin = int(ended_start[end, now])
        sections.append((begin, end, now))
        now, end = int(came_label[begin, now]), begin
    sections.reverse()
    return sections


def confidence_of(label: NDArray[np.float64], start: int, end: int, which: int) -> float:
    """The mean probability of a section's label over its steps."""
    return float(np.exp(label[start:end, which]).mean()) if end > start else 0.0
