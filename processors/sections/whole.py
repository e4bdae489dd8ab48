"""What a step is in the whole piece: what returns of it, what changes there, and where the beats and bars may be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .features import TIMBRE, StepFeatures
from .hints import HINTS, BeatHints, hint_features
from .repetition import GLOBAL, repetition_features

WHOLE = TIMBRE + GLOBAL + HINTS
"""Features of a step for the network that reads whole pieces: what is heard, and ``whole_features``."""


def whole_features(
    steps: StepFeatures, hints: BeatHints, edge_s: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Describe each step by its place in the whole.

    Returns:
        float32 [steps, GLOBAL + HINTS], and float32 [steps, steps], the likeness of surroundings.
    """
    columns, around = repetition_features(steps, edge_s)
    return np.concatenate([columns, hint_features(hints, edge_s)], 1), around
