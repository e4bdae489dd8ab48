"""What is fitted: the weights that made the data come out again."""

from __future__ import annotations

import numpy as np

from processors.identify.confidence import interactions
from processors.training.logistic import fit_choices, fit_logistic


def test_choices_give_back_the_weights_that_they_were_made_with() -> None:
    rng = np.random.default_rng(5)
    truth = np.array([1.5, -0.8, 0.0])
    choices = []
    for _ in range(3000):
        features = rng.normal(0.0, 1.0, (8, 3))
        chosen = np.argmax(features @ truth + rng.gumbel(size=8))
        choices.append((features, np.arange(8) == chosen))
    np.testing.assert_allclose(fit_choices(choices), truth, atol=0.1)


def test_a_logistic_model_with_interactions_is_calibrated() -> None:
    rng = np.random.default_rng(6)
    inputs = rng.normal(0.0, 1.0, (20_000, 2))
    probability = 1.0 / (1.0 + np.exp(-(2.0 * inputs[:, 0] * inputs[:, 1] - 0.5)))
    right = rng.random(len(inputs)) < probability
    data = interactions(inputs)
    said = 1.0 / (1.0 + np.exp(-data @ fit_logistic(data, right)))
    assert np.abs(said - probability).mean() < 0.02
