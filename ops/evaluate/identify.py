"""``continuo evaluate identify``: how often the right work and the right place are found, and how fast."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from processors.identify import Catalogue, Identification, Identifier
from processors.training.clips import TrueClip
from processors.training.twins import twins_of
from processors.training.variants import vary
from schemas.events import Candidate

from .measures import quantiles_ms, share
from .repeats import same_passage

PLACE_WITHIN_S = 2.0


@dataclass(slots=True)
class Tally:
    """Answers to clips of one length and variant."""

    top1: list[bool]
    top5: list[bool]
    strict: list[bool]
    answered: list[bool]
    place: list[bool]
    places: list[float]
    matched: list[bool]
    latency_ms: list[float]
    cpu_ms: list[float]


def evaluate_identify(
    catalogue: Catalogue,
    clips: Sequence[TrueClip],
    variants: Sequence[str],
    seed: int,
    max_shift: int = 6,
    progress: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Identify every clip in every variant.

    Returns:
        for each variant and length: top-1, top-5, place within 2 s (of the clips whose work was found) strictly,
        among the places of the answer, and where a repeat of the true passage counts; how many places an answer has;
        the share called matched, and latency.
    """
    identifier = Identifier(catalogue, top=5, max_shift=max_shift)
    identifier.warm_up()
    twins = twins_of(catalogue, {clip.path for clip in clips})
    table: dict[str, Any] = {}
    for variant in variants:
        rng = np.random.default_rng(seed)
        tallies: dict[float, Tally] = {}
        for clip in clips:
            query = vary(clip, variant, rng)
            started, worked = time.perf_counter(), time.thread_time()
            answer = identifier.identify(query.notes, (0.0, query.length_s))
            took_ms = (time.perf_counter() - started) * 1000.0
            cpu_ms = (time.thread_time() - worked) * 1000.0
            tally = tallies.setdefault(clip.length_s, Tally([], [], [], [], [], [], [], [], []))
            _count(tally, catalogue, clip, answer, twins[clip.path])
            tally.latency_ms.append(took_ms)
            tally.cpu_ms.append(cpu_ms)
            progress()
        table[variant] = {f"{length:g} s": _row(tallies[length]) for length in sorted(tallies)}
    return table


def _count(tally: Tally, catalogue: Catalogue, clip: TrueClip, answer: Identification, twins: set[str]) -> None:
    paths = [candidate.path for candidate in answer.candidates]
    tally.top1.append(bool(paths) and paths[0] in twins)
    tally.top5.append(any(path in twins for path in paths))
    tally.matched.append(answer.status == "matched")
    right = next((candidate for candidate in answer.candidates[:1] if candidate.path == clip.path), None)
    if right is not None and clip.ref_start_s is not None and clip.ref_end_s is not None:
        near = abs(right.ref_start_s - clip.ref_start_s) <= PLACE_WITHIN_S
        tally.strict.append(near)
        distances_s = [abs(place.ref_start_s - clip.ref_start_s) for place in right.places]
        tally.answered.append(min(distances_s) <= PLACE_WITHIN_S)
        tally.places.append(len(right.places))
        tally.place.append(near or _is_repeat(catalogue, right, clip.ref_start_s, clip.ref_end_s))


def _is_repeat(catalogue: Catalogue, candidate: Candidate, start_s: float, end_s: float) -> bool:
    """Whether the answered place holds the same notes as the true one."""
    notes = catalogue.notes_of(candidate.work_id)
    return same_passage(notes, start_s, end_s, candidate.ref_start_s)


def _row(tally: Tally) -> dict[str, Any]:
    return {
        "top1": share(tally.top1),
        "top5": share(tally.top5),
        "place_strict": share(tally.strict),
        "place_answered": share(tally.answered),
        "place": share(tally.place),
        "places": share(tally.places),
        "matched": share(tally.matched),
        "latency_ms": quantiles_ms(tally.latency_ms),
        "cpu_ms": quantiles_ms(tally.cpu_ms),
    }
