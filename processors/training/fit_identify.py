"""Fit what identification learns: the ranking and the confidence, on simulated performances of a catalogue's works.

    python -m processors.training.fit_identify CATALOGUE --out processors/identify/coefficients.json

The catalogue should hold freely licensed works only. Works are split in halves: what is printed, and the threshold,
come from scores of each half by models fitted on the other; what is written is fitted on both. Music that is not in
the catalogue is simulated by striking a clip's work and its twins from what was found.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue
from processors.identify.confidence import BACKGROUND_PLACE, Confidence, evidence
from processors.identify.groups import group_notes
from processors.identify.ranking import FEATURE_NAMES, Ranking
from processors.identify.retrieve import Workspace
from processors.identify.search import SURE, Hit, search_steps
from processors.notes import Notes

from .clips import TrueClip, dense_clips, simulated_clips
from .logistic import fit_choices, fit_logistic
from .performances import PIANIST, transpose
from .twins import twins_of
from .variants import VARIANTS, vary

LENGTHS_S = (3.0, 5.0, 10.0)
OTHER_KEY = 0.4
"""Share of clips that are in another key, besides those of the variant ``shifted``."""
FALSE_UNKNOWNS = 0.02
"""Share of known music that the threshold may call unknown ..."""
EVEN = 0.5
"""... unless it is more likely wrong than right."""
KEPT = 40
"""Wrong candidates that are kept of each effort."""
BEGINNING = {"aligned": 0.4, "near": 0.4, "found_surprise": 0.1, "vote_share": 4.0}
"""Weights that choose among places of one work, and what is kept, before there are better ones."""


@dataclass(frozen=True, slots=True)
class Query:
    """What was found for one query.

    Attributes:
        features: float64 [candidates, features].
        work: int64 [candidates], of all efforts; a work may be there several times.
        effort: int64 [candidates], which effort found each.
        right: bool [candidates], whether it is the work that was played, or its twin.
        notes: how many notes were heard.
        half: 0 or 1, by the work.
        length_s: of the clip.
        variant: what was done to it.
    """

    features: NDArray[np.float64]
    work: NDArray[np.int64]
    effort: NDArray[np.int64]
    right: NDArray[np.bool_]
    notes: int
    half: int
    length_s: float
    variant: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The first candidate after some efforts: its evidence, and whether it is right."""

    evidence: NDArray[np.float64]
    right: bool


def main() -> None:
    """Fit, print figures of held-out halves, write the coefficients."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    catalogue = Catalogue.open(arguments.catalogue)
    rng = np.random.default_rng(arguments.seed)
    sparse = list(simulated_clips(catalogue, arguments.clips // 3, LENGTHS_S, PIANIST, rng))
    clips = sparse + list(dense_clips(catalogue, arguments.clips - len(sparse), LENGTHS_S, PIANIST, rng))
    twins = twins_of(catalogue, {clip.path for clip in clips})
    queries = list(_queries(catalogue, clips, twins, rng))

    known: dict[int, float] = {}
    right: dict[int, bool] = {}
    for half in (0, 1):
        fitted = [query for query in queries if query.half != half]
        ranking, confidence = _fit(fitted)
        for number, query in enumerate(queries):
            if query.half == half:
                for present in (True, False):
                    answer, probability = _search(query, present, ranking, confidence)
                    known[2 * number + present] = probability
                    right[2 * number + present] = answer is not None and answer.right
    threshold = _report(queries, known, right)

    ranking, confidence = _fit(queries)
    coefficients = {
        "made_by": "python -m processors.training.fit_identify",
        "clips": arguments.clips,
        "seed": arguments.seed,
        "works": len(catalogue),
        "ranking": {name: float(w) for name, w in zip(FEATURE_NAMES, ranking.weights, strict=True)},
        "confidence": {
            "mean": confidence.mean.tolist(),
            "deviation": confidence.deviation.tolist(),
            "weights": confidence.weights.tolist(),
            "threshold": threshold,
            "sharpness": 1.0,
        },
    }
    arguments.out.write_text(json.dumps(coefficients, indent=1) + "\n")


def calibration_error(probability: NDArray[np.float64], right: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: mean distance of probability and truth, by bins of equal width."""
    which = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = [
        abs(probability[which == b].mean() - right[which == b].mean()) * np.mean(which == b)
        for b in range(bins)
        if (which == b).any()
    ]
    return float(sum(gaps))


def _queries(
    catalogue: Catalogue, clips: list[TrueClip], twins: dict[str, set[str]], rng: np.random.Generator
) -> Iterator[Query]:
    ranking = Ranking(np.array([BEGINNING.get(name, 0.0) for name in FEATURE_NAMES]))
    workspace = Workspace()
    for number, clip in enumerate(clips):
        if number % 50 == 0:
            print(f"clip {number} of {len(clips)}", flush=True)
        for variant in VARIANTS:
            heard = _heard(clip, variant, rng)
            query = group_notes(heard)
            if len(query.pitch) < 5:
                continue
            found: list[tuple[int, Hit, bool]] = []
            for effort, hits in enumerate(search_steps(catalogue.segments, heard, query, ranking, workspace)):
                hits.sort(key=lambda hit: -hit.rank)
                labelled = [(effort, hit, _path(hit) in twins[clip.path]) for hit in hits]
                found += [item for place, item in enumerate(labelled) if place < KEPT or item[2]]
            if found:
                yield Query(
                    np.array([hit.features for _, hit, _ in found]),
                    np.array([hit.work for _, hit, _ in found]),
                    np.array([effort for effort, _, _ in found]),
                    np.array([right for _, _, right in found]),
                    len(query.pitch),
                    zlib.crc32(clip.path.encode()) % 2,
                    clip.length_s,
                    variant,
                )


def _fit(queries: list[Query]) -> tuple[Ranking, Confidence]:
    ranking = Ranking(fit_choices([(query.features, query.right) for query in queries]))
    answers = [
        answer
        for query in queries
        for present in (True, False)
        for effort in range(int(query.effort.max()) + 1)
        if (answer := _answer(query, present, effort, ranking)) is not None
    ]
    inputs = np.array([answer.evidence for answer in answers])
    right = np.array([answer.right for answer in answers])
    mean, deviation = inputs.mean(axis=0), inputs.std(axis=0) + 1e-9
    blank = Confidence(mean, deviation, np.zeros(0), 0.0, 1.0)
    weights = fit_logistic(blank.inputs(inputs), right)
    return ranking, Confidence(mean, deviation, weights, 0.0, 1.0)


def _answer(query: Query, present: bool, last_effort: int, ranking: Ranking) -> Answer | None:
    """The first candidate when the efforts up to ``last_effort`` were made, with the work in the catalogue or not."""
    which = np.flatnonzero((query.effort <= last_effort) & (present | ~query.right))
    ranks = query.features[which] @ ranking.weights
    order = np.argsort(-ranks, kind="stable")
    if not len(order):
        return None
    _, first = np.unique(query.work[which[order]], return_index=True)
    chosen = order[np.sort(first)][: BACKGROUND_PLACE + 1]
    best = which[chosen[0]]
    return Answer(evidence(query.features[best], ranks[chosen].tolist(), query.notes), bool(query.right[best]))


def _search(query: Query, present: bool, ranking: Ranking, confidence: Confidence) -> tuple[Answer | None, float]:
    """The answer and its probability when the search ends as soon as it is sure."""
    answer, probability = None, 0.0
    for effort in range(int(query.effort.max()) + 1):
        answer = _answer(query, present, effort, ranking)
        probability = confidence.known(answer.evidence) if answer is not None else 0.0
        if probability >= SURE:
            break
    return answer, probability


def _report(queries: list[Query], known: dict[int, float], right: dict[int, bool]) -> float:
    """Print held-out figures; returns the threshold."""
    for variant in VARIANTS:
        numbers = [number for number, query in enumerate(queries) if query.variant == variant]
        found = [
            np.mean([right[2 * number + 1] for number in numbers if queries[number].length_s == length])
            for length in LENGTHS_S
        ]
        keys = [2 * number + present for number in numbers for present in (0, 1)]
        error = calibration_error(np.array([known[key] for key in keys]), np.array([right[key] for key in keys]))
        print(f"{variant}: right {' / '.join(f'{share:.3f}' for share in found)}, calibration error {error:.3f}")
    usual = [number for number, query in enumerate(queries) if query.variant in ("clean", "shifted")]
    present = np.array([known[2 * number + 1] for number in usual])
    absent = np.array([known[2 * number] for number in usual])
    threshold = max(float(np.quantile(present, FALSE_UNKNOWNS)), EVEN)
    print(f"threshold {threshold:.3f}: unknown rejected {np.mean(absent < threshold):.4f}")
    return threshold


def _heard(clip: TrueClip, variant: str, rng: np.random.Generator) -> Notes:
    """A variant of the clip, sometimes in another key: so much the prior of the written key is worth."""
    notes = vary(clip, variant, rng).notes
    if variant != "shifted" and rng.random() < OTHER_KEY:
        notes = transpose(notes, int(rng.integers(-6, 7)), 1.0)
    return notes


def _path(hit: Hit) -> str:
    return hit.segment.info(hit.work).path


if __name__ == "__main__":
    main()
