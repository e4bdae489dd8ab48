"""Change in a whole piece: a checkerboard kernel along the diagonal of its self-similarity (Foote, 2000)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KERNELS = (8, 16)
"""Half the width of the checkerboard, in steps."""
HARMONY = slice(0, 12)
SPACES = (HARMONY, slice(12, 24), slice(24, 32))
"""Of a step's vector: harmony, bass, texture."""


def novelty_of(vector: NDArray[np.float32]) -> NDArray[np.float64]:
    """How much changes with each step, in standard deviations, mean of three kinds of change and two widths.

    Args:
        vector: float32 [steps, VECTOR].
    """
    curves = [novelty_curve(vector[:, space], half) for space in SPACES for half in KERNELS]
    return np.asarray(np.mean([(c - c.mean()) / (c.std() + 1e-6) for c in curves], axis=0), np.float64)


def novelty_curve(part: NDArray[np.float32], half: int) -> NDArray[np.float64]:
    """How alike the ``half`` steps before are, and those after, and how unlike one another, float64 [steps]."""
    count = len(part)
    similar = part @ part.T / max(1e-6, float((part * part).sum(1).max()))
    padded = np.zeros((count + 1, count + 1))
    padded[1:, 1:] = similar.cumsum(0, dtype=np.float64).cumsum(1)
    at = np.arange(count)
    a, b = np.maximum(at - half, 0), np.minimum(at + half, count)
    return (_mean(padded, a, at, a, at) + _mean(padded, at, b, at, b)) / 2 - _mean(padded, a, at, at, b)


def _mean(
    padded: NDArray[np.float64],
    r0: NDArray[np.int64],
    r1: NDArray[np.int64],
    c0: NDArray[np.int64],
    c1: NDArray[np.int64],
) -> NDArray[np.float64]:
    area = np.maximum((r1 - r0) * (c1 - c0), 1)
    return np.asarray((padded[r1, c1] - padded[r0, c1] - padded[r1, c0] + padded[r0, c0]) / area)
