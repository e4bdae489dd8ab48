"""Fit what identification learns: the ranking and the confidence, on simulated performances of a catalogue's works.

    python -m processors.training.fit_identify CATALOGUE --out processors/identify/coefficients.json

The catalogue should hold freely licensed works only. Works are split in halves: weights come from one half, the printed
figures and the threshold from the other.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue
from processors.identify.confidence import evidence_of
from processors.identify.groups import group_notes
from processors.identify.ranking import FEATURE_NAMES, Ranking
from processors.identify.retrieve import Workspace
from processors.identify.search import Hit, search
from processors.notes import Notes

from .clips import TrueClip, simulated_clips
from .performances import PIANIST, transpose
from .twins import twins_of
from .variants import VARIANTS, vary

EVIDENCE_VARIANTS = ("clean", "shifted", "noisy20", "melody")
LENGTHS_S = (3.0, 5.0, 10.0)
OTHER_KEY = 0.4
FALSE_UNKNOWNS = 0.02
"""Share of known music that the threshold may call unknown."""
DECAY = 1e-3
STEPS = 400
RATE = 0.05


@dataclass(frozen=True, slots=True)
class Choice:
    """One query's candidates: float64 [candidates, features] and which are right, bool."""

    features: NDArray[np.float64]
    right: NDArray[np.bool_]


def fit_choices(choices: list[Choice]) -> NDArray[np.float64]:
    """Weights of a conditional logit: the probability of a candidate is softmax(features @ weights)."""
    usable = [choice for choice in choices if choice.right.any() and not choice.right.all()]
    scale = np.mean([choice.features.std(axis=0) for choice in usable], axis=0) + 1e-9
    data = [(choice.features / scale, choice.right) for choice in usable]

    def gradient(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        total = -DECAY * len(data) * weights
        for features, right in data:
            scores = features @ weights
            odds = np.exp(scores - scores.max())
            wanted = odds * right
            total += features.T @ (wanted / max(wanted.sum(), 1e-300) - odds / odds.sum())
        slope: NDArray[np.float64] = total / len(data)
        return slope

    weights: NDArray[np.float64] = _ascend(gradient, len(scale)) / scale
    return weights


def fit_logistic(inputs: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of a logistic regression; the first column of ``inputs`` is one."""
    scale = inputs.std(axis=0)
    scale[0] = 1.0
    shifted = inputs.mean(axis=0)
    shifted[0] = 0.0
    data = (inputs - shifted) / (scale + 1e-9)

    def gradient(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        error = right - 1.0 / (1.0 + np.exp(-np.clip(data @ weights, -40, 40)))
        slope: NDArray[np.float64] = data.T @ error / len(data) - DECAY * weights
        return slope

    weights: NDArray[np.float64] = _ascend(gradient, inputs.shape[1], 4 * STEPS) / (scale + 1e-9)
    weights[0] -= float(weights[1:] @ shifted[1:])
    return weights


def _ascend(
    gradient: Callable[[NDArray[np.float64]], NDArray[np.float64]], size: int, steps: int = STEPS
) -> NDArray[np.float64]:
    """Adam, uphill (Kingma and Ba, ICLR 2015)."""
    weights, mean, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, steps + 1):
        slope = gradient(weights)
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        weights = weights + RATE * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-8)
    return weights


def main() -> None:
    """Fit, print figures of the other half, write the coefficients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalogue = Catalogue.open(arguments.catalogue)
    rng = np.random.default_rng(arguments.seed)
    clips = list(simulated_clips(catalogue, arguments.clips, LENGTHS_S, PIANIST, rng))
    twins = twins_of(catalogue, {clip.path for clip in clips})
    first = [clip for clip in clips if _half(clip) == 0]
    second = [clip for clip in clips if _half(clip) == 1]

    ranking = Ranking(fit_choices(_choices(catalogue, first, twins, Ranking.load(), rng)))
    print("ranking", dict(zip(FEATURE_NAMES, np.round(ranking.weights, 3), strict=True)), flush=True)
    inputs, right, top = _evidence(catalogue, first, twins, ranking, rng)
    weights = fit_logistic(inputs, right)
    checked, truth, top_right = _evidence(catalogue, second, twins, ranking, rng)
    probability = 1.0 / (1.0 + np.exp(-np.clip(checked @ weights, -40, 40)))
    threshold = float(np.quantile(probability[truth], FALSE_UNKNOWNS))
    print(f"top-1 {np.mean(top_right):.4f} (fitted half {np.mean(top):.4f})")
    print(f"threshold {threshold:.3f}: unknown rejected {np.mean(probability[~truth] < threshold):.4f}")
    print(f"calibration error {calibration_error(probability, truth):.4f}")
    coefficients = {
        "made_by": "python -m processors.training.fit_identify",
        "clips": arguments.clips,
        "seed": arguments.seed,
        "works": len(catalogue),
        "ranking": {name: float(w) for name, w in zip(FEATURE_NAMES, ranking.weights, strict=True)},
        "confidence": {"weights": [float(w) for w in weights], "threshold": threshold, "sharpness": 1.0},
    }
    arguments.out.write_text(json.dumps(coefficients, indent=2) + "\n")


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance of probability and truth, by bins of equal width."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[which == b].mean() - right[which == b].mean()) * np.mean(which == b)
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def _half(clip: TrueClip) -> int:
    return zlib.crc32(clip.path.encode()) % 2


def _choices(
    catalogue: Catalogue,
    clips: list[TrueClip],
    twins: dict[str, set[str]],
    ranking: Ranking,
    rng: np.random.Generator,
) -> list[Choice]:
    workspace = Workspace()
    choices = []
    for variant in VARIANTS:
        for clip in clips:
            heard = _heard(clip, variant, rng)
            query = group_notes(heard)
            if len(query.pitch) < 5:
                continue
            hits = search(catalogue.segments, heard, query, ranking, workspace, thorough=True)
            if hits:
                right = np.array([_path(hit) in twins[clip.path] for hit in hits])
                choices.append(Choice(np.array([hit.features for hit in hits]), right))
    return choices


def _evidence(
    catalogue: Catalogue,
    clips: list[TrueClip],
    twins: dict[str, set[str]],
    ranking: Ranking,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], list[bool]]:
    """Evidence with the works in the catalogue and without them, and whether the first candidate was right."""
    ids = {info.path: info.work_id for info in catalogue.works()}
    workspace = Workspace()
    inputs, right, top = [], [], []
    for variant in EVIDENCE_VARIANTS:
        for clip in clips:
            heard = _heard(clip, variant, rng)
            query = group_notes(heard)
            if len(query.pitch) < 5:
                continue
            others = catalogue.without([ids[path] for path in twins[clip.path]])
            for segments, present in ((catalogue.segments, True), (others.segments, False)):
                hits = search(segments, heard, query, ranking, workspace)
                if not hits:
                    continue
                found = present and _path(hits[0]) in twins[clip.path]
                if present:
                    top.append(found)
                inputs.append(evidence_of(hits, len(query.pitch)))
                right.append(found)
    return np.array(inputs), np.array(right), top


def _heard(clip: TrueClip, variant: str, rng: np.random.Generator) -> Notes:
    """A variant of the clip, in half of all cases in another key: so much the prior of the written key is worth."""
    notes = vary(clip, variant, rng).notes
    if variant != "shifted" and rng.random() < OTHER_KEY:
        notes = transpose(notes, int(rng.integers(-6, 7)), 1.0)
    return notes


def _path(hit: Hit) -> str:
    return hit.segment.info(hit.work).path


if __name__ == "__main__":
    main()
