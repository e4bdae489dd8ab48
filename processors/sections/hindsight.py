"""What the live network would have said, had it known a little more: the judgement of a whole piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .features import StepFeatures
from .memory import Memory
from .network import LiveNetwork
from .novelty import novelty_of

LABEL_DELAY = 2
"""A step's label is what the network says so many steps later."""
NOVELTY_WEIGHT = 0.7
BOUNDARY_BIAS = 0.8
NO_BOUNDARY = -4.0
"""The logit of the last steps, of whose boundaries the network never gets to tell."""


def live_features(steps: StepFeatures, edge_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 [steps, LIVE]: what a live listener makes of each step."""
    memory = Memory()
    period_s = np.diff(edge_s)
    return np.array([memory.add(steps.heard[i], steps.vector[i], float(period_s[i])) for i in range(len(steps))])


def judge(steps: StepFeatures, edge_s: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Judge every step of a piece.

    Returns:
        float64 [steps], logit that a section starts there; float64 [steps, labels], log probabilities.
    """
    network = LiveNetwork.shipped()
    state, heard = network.initial_state(), []
    for features in live_features(steps, edge_s):
        boundary, label, state = network.run(features, state)
        heard.append((boundary, label))
    probability = np.clip([boundary for boundary, _ in heard], 1e-6, 1 - 1e-6)
    labels = np.log(np.maximum([label for _, label in heard], 1e-9))
    logit = np.full(len(steps), NO_BOUNDARY)
    logit[: -network.delay] = np.log(probability / (1 - probability))[network.delay :]
    labels = np.concatenate([labels[LABEL_DELAY:], np.repeat(labels[-1:], LABEL_DELAY, axis=0)])
    return logit + NOVELTY_WEIGHT * novelty_of(steps.vector) + BOUNDARY_BIAS, labels
