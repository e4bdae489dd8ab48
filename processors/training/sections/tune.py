"""Compares settings of the decoder and of the live tracker on songs whose number ends in 5.

The networks must not have seen these: train them with ``--tuning``. What is chosen here is written into ``priors.py``
and ``export.py`` by hand.

python -m processors.training.sections.tune DATA/pop909 --cache .cache/sections
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.sections.decoding import Priors, decode
from processors.sections.labels import LABELS
from processors.sections.network import LiveNetwork, WholeNetwork
from processors.sections.tracker import LiveSection, SectionTracker

from .examples import UNKNOWN, Example
from .train import load

BOUNDARY_WEIGHTS = (1.0, 1.5, 2.0)
LABEL_WEIGHTS = (0.1, 0.2, 0.35)
LENGTH_WEIGHTS = (0.6, 1.0, 1.5)
BOUNDARY_BIASES = (0.0, 0.5)
THRESHOLDS = (0.25, 0.35, 0.45, 0.55)
MARGINS = (0.1, 0.2, 0.35)
NEAR_STEPS = (1, 4)
"""Boundaries count as hit from so many steps on; .5 and 3 s or so."""


def hits(true: Sequence[int], found: Sequence[int], near: int) -> float:
    """F of boundaries in steps, each matched once, in order of time."""
    free, hit = sorted(found), 0
    for at in sorted(true):
        match = next((one for one in free if abs(one - at) <= near), None)
        if match is not None:
            free.remove(match)
            hit += 1
    return 2 * hit / max(1, len(true) + len(found))


def scores(example: Example, sections: Sequence[tuple[int, int, int]]) -> list[float]:
    """F near, F wide, share of steps with the right label, and sections found for each true one."""
    known = example.label != UNKNOWN
    said = np.full(len(known), UNKNOWN)
    for start, end, which in sections:
        said[start:end] = which
    true = np.flatnonzero(example.boundary).tolist()
    found = [start for start, _, _ in sections]
    right = float((said[known] == example.label[known]).mean())
    return [*(hits(true, found, near) for near in NEAR_STEPS), right, len(found) / max(1, len(true))]


def whole_table(examples: Sequence[Example]) -> list[tuple[dict[str, float], NDArray[np.float64]]]:
    """Scores of every setting of the decoder."""
    network, priors = WholeNetwork.shipped(), Priors.shipped()
    judged = [network.run(np.concatenate([e.heard, e.whole], 1), e.around.astype(np.float32)) for e in examples]
    table = []
    names = ("boundary_weight", "label_weight", "length_weight", "boundary_bias")
    for values in product(BOUNDARY_WEIGHTS, LABEL_WEIGHTS, LENGTH_WEIGHTS, BOUNDARY_BIASES):
        weights = dict(zip(names, values, strict=True))
        chosen = replace(priors, **weights)  # type: ignore[arg-type]
        rows = [scores(e, decode(*logits, chosen)) for e, logits in zip(examples, judged, strict=True)]
        table.append((weights, np.mean(rows, axis=0)))
    return table


def live_table(examples: Sequence[Example]) -> list[tuple[dict[str, float], NDArray[np.float64]]]:
    """Scores of every setting of the live tracker, on steps as they are."""
    network = LiveNetwork()
    judged = []
    for example in examples:
        state, rows = network.initial_state(), []
        for features in example.live:
            boundary, label, state = network.run(features, state)
            rows.append((boundary, label))
        judged.append(rows)
    table = []
    for network.threshold, network.margin in product(THRESHOLDS, MARGINS):
        found = [scores(e, _followed(network, steps)) for e, steps in zip(examples, judged, strict=True)]
        table.append(({"threshold": network.threshold, "margin": network.margin}, np.mean(found, axis=0)))
    return table


def _followed(network: LiveNetwork, steps: Sequence[tuple[float, NDArray[np.float64]]]) -> list[tuple[int, int, int]]:
    tracker = SectionTracker(network)
    last: dict[float, LiveSection] = {}
    for number, (boundary, label) in enumerate(steps):
        for section in tracker.judge(float(number), boundary, label):
            last[section.start_s] = section
    starts = [int(start) for start in last]
    names = [LABELS.index(section.label) for section in last.values()]
    return [(a, b, name) for (a, b), name in zip(pairwise([*starts, len(steps)]), names, strict=True)]


def main() -> None:
    """Print the tables, best last."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pop909", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(".cache/sections"))
    parser.add_argument("--which", choices=["whole", "live"], required=True)
    parser.add_argument("--songs", type=int, default=40)
    args = parser.parse_args()
    found = load(args.pop909, args.cache)
    examples = [example for number, example in found.items() if number.endswith("5")][: args.songs]
    table = (whole_table if args.which == "whole" else live_table)(examples)
    for weights, mean in sorted(table, key=lambda row: float(row[1][:3].sum())):
        print(weights, np.round(mean, 3))


if __name__ == "__main__":
    main()
