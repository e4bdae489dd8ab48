"""Logistic models: of a choice among candidates, and of yes or no."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

STEPS = 400
RATE = 0.05
CHOICE_DECAY = 1e-3
DECAY = 30.0
"""Strength of the quadratic penalty on the weights of a logistic regression with many interactions."""
NEWTON_STEPS = 30


def fit_choices(choices: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]]) -> NDArray[np.float64]:
    """Weights of a conditional logit: the probability of a candidate is softmax(features @ weights).

    Fitted by Adam (Kingma and Ba, ICLR 2015).

    Args:
        choices: for each choice the candidates' features, float64 [candidates, features], and which are right, bool.
    """
    usable = [(features, right) for features, right in choices if right.any() and not right.all()]
    features = np.concatenate([features for features, _ in usable])
    right = np.concatenate([right for _, right in usable]).astype(np.float64)
    lengths = np.array([len(right) for _, right in usable])
    starts = np.cumsum(lengths) - lengths
    choice = np.repeat(np.arange(len(usable)), lengths)
    scale = features.std(axis=0) + 1e-9
    data = (features - features.mean(axis=0)) / scale
    weights, mean, square = (np.zeros(data.shape[1]) for _ in range(3))
    for step in range(1, STEPS + 1):
        scores = data @ weights
        odds = np.exp(scores - np.maximum.reduceat(scores, starts)[choice])
        wanted = odds * right
        error = (
            wanted / np.maximum(np.add.reduceat(wanted, starts), 1e-300)[choice]
            - odds / np.add.reduceat(odds, starts)[choice]
        )
        slope = data.T @ error / len(usable) - CHOICE_DECAY * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights = weights + RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    fitted: NDArray[np.float64] = weights / scale
    return fitted


def fit_logistic(inputs: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of a logistic regression by Newton's method; the first column of ``inputs`` is one."""
    weights = np.zeros(inputs.shape[1])
    penalty = np.full(inputs.shape[1], DECAY)
    penalty[0] = 1e-6
    for _ in range(NEWTON_STEPS):
        probability = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30.0, 30.0)))
        slope = inputs.T @ (probability - right) + penalty * weights
        curvature = (inputs * (probability * (1.0 - probability))[:, None]).T @ inputs + np.diag(penalty)
        change = np.linalg.solve(curvature, slope)
        weights = weights - change
        if np.abs(change).max() < 1e-4:
            break
    return weights
