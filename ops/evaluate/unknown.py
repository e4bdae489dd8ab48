"""``continuo evaluate unknown``: whether music that the catalogue does not hold is called unknown, and confidence is
honest."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.identify import Catalogue, Identifier
from processors.training.clips import TrueClip
from processors.training.twins import twins_of
from processors.training.variants import vary

from .measures import quantiles_ms, share

FALSE_UNKNOWNS = 0.02
BINS = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """One query's answer: whether its work was there, was first, with what confidence, and the time taken."""

    length_s: float
    half: int
    present: bool
    right: bool
    matched: bool
    confidence: float
    cpu_ms: float


def evaluate_unknown(
    catalogue: Catalogue,
    clips: Sequence[TrueClip],
    variants: Sequence[str],
    seed: int,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Identify every clip twice: as it is, and with its work and the work's twins taken out of the catalogue.

    Returns:
        for each variant, calibration over both kinds, and for each length: how often unknown works are rejected and
        known ones missed with the shipped threshold; and rejection with the threshold that misses 2 % of the known
        music, chosen on one half of the works and reported on the other.
    """
    twins = twins_of(catalogue, {clip.path for clip in clips})
    return {variant: _row(_verdicts(catalogue, clips, variant, seed, twins, progress)) for variant in variants}


def _verdicts(
    catalogue: Catalogue,
    clips: Sequence[TrueClip],
    variant: str,
    seed: int,
    twins: dict[str, set[str]],
    progress: Callable[[], None],
) -> list[Verdict]:
    rng = np.random.default_rng(seed)
    ids = {info.path: info.work_id for info in catalogue.works()}
    whole = Identifier(catalogue)
    whole.warm_up()
    verdicts = []
    for clip in clips:
        query = vary(clip, variant, rng)
        without = Identifier(catalogue.without([ids[path] for path in twins[clip.path] if path in ids]))
        for identifier, present in ((whole, True), (without, False)):
            worked = time.thread_time()
            answer = identifier.identify(query.notes)
            cpu_ms = (time.thread_time() - worked) * 1000.0
            first = answer.candidates[0].path if answer.candidates else None
            verdicts.append(
                Verdict(
                    clip.length_s,
                    zlib.crc32(clip.path.encode()) % 2,
                    present,
                    present and first in twins[clip.path],
                    answer.status == "matched",
                    answer.confidence,
                    cpu_ms,
                )
            )
        progress()
    return verdicts


def _row(verdicts: list[Verdict]) -> dict[str, Any]:
    row: dict[str, Any] = {"calibration": calibration(verdicts)}
    for length in sorted({verdict.length_s for verdict in verdicts}):
        here = [verdict for verdict in verdicts if verdict.length_s == length]
        known = [verdict for verdict in here if verdict.present]
        unknown = [verdict for verdict in here if not verdict.present]
        chosen = _threshold([verdict for verdict in known if verdict.half == 0])
        other_known = [verdict for verdict in known if verdict.half == 1]
        other_unknown = [verdict for verdict in unknown if verdict.half == 1]
        row[f"{length:g} s"] = {
            "rejected": share([not verdict.matched for verdict in unknown]),
            "false_unknowns": share([not verdict.matched for verdict in known]),
            "chosen_threshold": round(chosen, 4),
            "rejected_at_chosen": share([verdict.confidence < chosen for verdict in other_unknown]),
            "false_unknowns_at_chosen": share([verdict.confidence < chosen for verdict in other_known]),
            "cpu_ms_of_unknown": quantiles_ms([verdict.cpu_ms for verdict in unknown]),
        }
    return row


def _threshold(known: list[Verdict]) -> float:
    return float(np.quantile([verdict.confidence for verdict in known], FALSE_UNKNOWNS)) if known else 0.0


def calibration(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The reliability diagram, by bins of equal width, and the expected calibration error."""
    confidence = np.array([verdict.confidence for verdict in verdicts])
    right = np.array([verdict.right for verdict in verdicts])
    bins = []
    error = 0.0
    which: NDArray[np.int64] = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    for number in range(BINS):
        chosen = which == number
        if chosen.any():
            said, true = float(confidence[chosen].mean()), float(right[chosen].mean())
            bins.append({"confidence": round(said, 4), "right": round(true, 4), "count": int(chosen.sum())})
            error += abs(said - true) * float(chosen.mean())
    return {"error": round(error, 4), "bins": bins}
