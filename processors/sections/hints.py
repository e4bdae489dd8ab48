"""What the beat network says of a whole piece: hints at its pulse and at its bars."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from processors.beats import BeatNetwork
from processors.beats.frames import frames_of
from processors.notes import Notes

NEAR_S = 0.12
"""An onset so near to the start of a step belongs to it."""
HINTS = 2
"""Features of a step: beat and downbeat."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatHints:
    """Attributes:
    time_s: float64 [frames], ascending; a frame is a chord, or a single note.
    activation: float32 [frames, 2], how probable a beat and a downbeat are there.
    """

    time_s: NDArray[np.float64]
    activation: NDArray[np.float32]


def hints_of(notes: Notes) -> BeatHints:
    """Listen to all notes of a piece."""
    time_s, features = frames_of(notes)
    return BeatHints(time_s, _network().run(features))


def hint_features(hints: BeatHints, edge_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 [steps, HINTS]: the hints at the start of each step, in standard deviations over the piece.

    They are relative, so that a beat network which is surer of itself makes no other features.
    """
    start_s = edge_s[:-1]
    step = np.clip(np.searchsorted((start_s[1:] + start_s[:-1]) / 2, hints.time_s), 0, len(start_s) - 1)
    near = np.abs(hints.time_s - start_s[step]) <= NEAR_S
    strongest = np.zeros((len(start_s), HINTS))
    np.maximum.at(strongest, step[near], hints.activation[near])
    relative = (strongest - strongest.mean(0)) / (strongest.std(0) + 1e-3)
    return np.asarray(relative, np.float32)


@cache
def _network() -> BeatNetwork:
    return BeatNetwork()
