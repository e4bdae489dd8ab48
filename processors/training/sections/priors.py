"""Counts how long sections last and what follows what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from processors.sections.labels import LABELS

from .examples import UNKNOWN, Example

LONGEST = 160
"""Steps of the longest section; longer ones are divided."""
LENGTH_WIDTH = 0.8
"""Counted lengths are smoothed by so many steps; what never occurs still has a little probability."""
FLOOR = 2e-4
WEIGHTS = {
    "boundary_weight": 1.5,
    "label_weight": 0.35,
    "length_weight": 1.5,
    "follow_weight": 0.5,
    "boundary_bias": 0.5,
}
"""Chosen on songs of the training part whose number ends in 5, with networks that had not seen them."""


def write_priors(examples: Sequence[Example], out: Path) -> None:
    """Count the priors of ``processors.sections.decoding`` and write them as JSON."""
    labels = len(LABELS)
    length = np.zeros((labels, LONGEST))
    follows, begins = np.ones((labels, labels)), np.ones(labels)
    for example in examples:
        known = np.flatnonzero(example.label != UNKNOWN)
        starts = [int(i) for i in np.flatnonzero(example.boundary) if example.label[i] != UNKNOWN]
        if not starts:
            continue
        ends = [*starts[1:], int(known[-1]) + 1]
        names = [int(example.label[i]) for i in starts]
        begins[names[0]] += 1
        for before, after in pairwise(names):
            follows[before, after] += 1
        for name, start, end in zip(names, starts, ends, strict=True):
            length[name, min(end - start, LONGEST) - 1] += 1
    reach = np.arange(-4, 5)
    kernel = np.exp(-0.5 * (reach / LENGTH_WIDTH) ** 2)
    smooth = np.array([np.convolve(row, kernel / kernel.sum(), mode="same") for row in length])
    smooth = smooth / smooth.sum(1, keepdims=True) + FLOOR
    table = {
        "length": _log(smooth),
        "follows": _log(follows / follows.sum(1, keepdims=True)),
        "begins": _log(begins / begins.sum()),
        "weights": WEIGHTS,
    }
    out.write_text(",\n".join(json.dumps(table).split(', "')).replace(",\n", ',\n"') + "\n", "utf-8")


def _log(probability: np.ndarray) -> list[object]:
    rounded: list[object] = np.round(np.log(probability), 3).tolist()
    return rounded
