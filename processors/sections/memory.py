"""What a live listener remembers of the steps so far, and what the newest step is to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .features import TIMBRE, VECTOR

MAX_REMEMBERED = 768
"""Steps; some eight minutes. A longer past is forgotten from its beginning."""
CHANGES = (4, 8, 16)
RUNS = (8, 16, 32)
NEAR = 8
SPACES = (slice(0, 12), slice(12, 24), slice(24, 32))
SCALE = 255.0
"""Remembered numbers are kept in a byte; all lie in 0-1."""
LIVE = 2 * TIMBRE + len(CHANGES) * len(SPACES) + 3 * len(RUNS) + 3
"""Features of a step for the live network."""


@dataclass(slots=True)
class Memory:
    """Attributes:
    vectors: uint8 [remembered, VECTOR], the latest steps.
    mean: float32 [TIMBRE], of all steps so far.
    steps: how many there have been.
    """

    vectors: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, VECTOR), np.uint8))
    mean: NDArray[np.float32] = field(default_factory=lambda: np.zeros(TIMBRE, np.float32))
    steps: int = 0

    def add(self, heard: NDArray[np.float32], vector: NDArray[np.float32], period_s: float) -> NDArray[np.float32]:
        """Take in one step.

        Args:
            heard: float32 [TIMBRE].
            vector: float32 [VECTOR].
            period_s: the step's length.

        Returns:
            float32 [LIVE], which describes the step by itself and what came before it.
        """
        kept = np.rint(vector * SCALE).astype(np.uint8)
        self.vectors = np.concatenate([self.vectors[-MAX_REMEMBERED + 1 :], kept[None]])
        self.steps += 1
        self.mean = self.mean + (heard - self.mean) / np.float32(self.steps)
        past = self.vectors.astype(np.float32) / np.float32(SCALE)
        place = [min(self.steps, 64) / 64, min(self.steps, 384) / 384, np.log2(period_s / 0.65)]
        return np.concatenate([heard, heard - self.mean, _changes(past), _returns(past), place]).astype(np.float32)


def _changes(past: NDArray[np.float32]) -> NDArray[np.float32]:
    """How unlike the latest steps are to those before them."""
    out = np.zeros((len(CHANGES), len(SPACES)), np.float32)
    for i, length in enumerate(CHANGES):
        if len(past) < 2 * length:
            continue
        now, before = past[-length:].mean(0), past[-2 * length : -length].mean(0)
        for j, space in enumerate(SPACES):
            norm = float(np.linalg.norm(now[space]) * np.linalg.norm(before[space]))
            out[i, j] = 1.0 - float(now[space] @ before[space]) / norm if norm > 1e-6 else 0.0
    return out.ravel()


def _returns(past: NDArray[np.float32]) -> NDArray[np.float32]:
    """How well the latest steps return earlier ones, how often, and whether that goes on from before."""
    out = np.zeros((len(RUNS), 3), np.float32)
    total = _run_sums(past)
    for i, run in enumerate(RUNS):
        ends = slice(run - 1, len(past) - NEAR)
        if ends.start >= ends.stop:
            continue
        latest = total[run, ends] / run
        best = float(latest.max())
        goes_on = 0.0
        if 2 * run - 1 < ends.stop:
            before = (total[2 * run, 2 * run - 1 : ends.stop] - total[run, 2 * run - 1 : ends.stop]) / run
            goes_on = float(np.minimum(before, latest[run:]).max())
        out[i] = best, np.log1p(np.count_nonzero(latest > 0.9 * best)), best - goes_on
    return out.ravel()


def _run_sums(past: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, j]: the summed likeness of the latest ``n`` steps to the ``n`` that end with step ``j``."""
    similar = past[: -2 * RUNS[-1] - 1 : -1] @ past.T
    rows, columns = similar.shape
    padded = np.zeros((rows, rows + columns), np.float32)
    padded[:, rows:] = similar
    # each row one step further right: what was along diagonals then lies in columns
    row, column = padded.strides
    diagonal = np.lib.stride_tricks.as_strided(padded[:, rows:], similar.shape, (row - column, column), writeable=False)
    total = np.zeros((rows + 1, columns), np.float32)
    np.cumsum(diagonal, axis=0, out=total[1:])
    return total
