"""What the quantised network learns from: performances of free works, and what the shipped beat network says of them.

Kept in pieces of some thousand frames, so that making them can go on after it was broken off. Each piece is a batch of
lanes that play one performance after the other; the teacher, like the student, begins each with an empty state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fpga.formats import FEATURE
from processors.beats import BeatNetwork
from processors.training.beats.lanes import Lanes
from processors.training.beats.pool import shares, split
from processors.training.beats.works import BeatWork

LANES, FRAMES = 64, 1600
"""Of a piece; 102,400 frames."""


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """One piece; arrays are [frames, lanes, ...].

    Attributes:
        codes: int8 [..., FEATURES], the features' codes.
        taught: float16 [..., 2], the teacher's activations.
        target, weight: float16 [..., 2], what was played: beat and downbeat, and how much it counts.
        first: bool [...], whether a performance begins here.
    """

    codes: NDArray[np.int8]
    taught: NDArray[np.float16]
    target: NDArray[np.float16]
    weight: NDArray[np.float16]
    first: NDArray[np.bool_]


def make_lessons(works: list[BeatWork], folder: Path, count: int, held_out: int, advance: Callable[[], None]) -> None:
    """Write ``count`` pieces of the works for training and ``held_out`` of the others; those that exist stay."""
    folder.mkdir(parents=True, exist_ok=True)
    teacher = BeatNetwork()
    trained_on, others = split(works)
    parts = {"held": (others, held_out), "train": (trained_on, count)}
    for name, (kept, pieces) in parts.items():
        share = shares(kept)
        for number in range(pieces):
            path = folder / f"{name}-{number:03d}.npz"
            if not path.exists():
                seed = 1000 * (name == "held") + number
                _write(path, _lesson(Lanes(kept, share, LANES, seed), teacher))
            advance()


def read_lessons(folder: Path, name: str) -> Iterator[Lesson]:
    """The pieces of ``train`` or ``held``, in order."""
    for path in sorted(folder.glob(f"{name}-*.npz")):
        with np.load(path) as held:
            yield Lesson(held["codes"], held["taught"], held["target"], held["weight"], held["first"])


def _lesson(lanes: Lanes, teacher: BeatNetwork) -> Lesson:
    batch = lanes.batch(FRAMES)
    batch.first[0] = True
    taught = np.empty((FRAMES, LANES, 2), np.float32)
    state = teacher.initial_state(LANES)
    for frame in range(FRAMES):
        state[batch.first[frame]] = 0.0
        taught[frame], state = teacher.step(batch.features[frame], state)
    return Lesson(
        FEATURE.codes(batch.features).astype(np.int8),
        taught.astype(np.float16),
        batch.target.astype(np.float16),
        batch.weight.astype(np.float16),
        batch.first,
    )


def _write(path: Path, lesson: Lesson) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        np.savez(
            file,
            codes=lesson.codes,
            taught=lesson.taught,
            target=lesson.target,
            weight=lesson.weight,
            first=lesson.first,
        )
    draft.replace(path)
