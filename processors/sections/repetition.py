"""Repetition and change in a whole piece, from the similarity of its steps.

Stripes of a self-similarity matrix are passages that return (Mueller, 2015, ch. 4); a checkerboard kernel along its
diagonal finds change (Foote, 2000); the difference of time-lag rows finds where repetition begins and ends (Serra et
al., 2014). Here all of them are features; what they mean is learned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from .features import StepFeatures

MAX_STEPS = 2048
KERNELS = (4, 8, 16)
"""Half the width of the checkerboard, in steps."""
RUNS = (8, 16, 32)
"""Over so many steps passages are compared."""
NEAR = 8
"""A passage does not count as a repeat of what is nearer than this, in steps."""
OTHER_KEY_COSTS = 0.06
GLOBAL = 3 * len(KERNELS) + 5 * len(RUNS) + 2 + 4
"""Features of a step that need the whole piece."""
SPACES = (slice(0, 12), slice(12, 24), slice(24, 32))


def repetition_features(
    steps: StepFeatures, edge_s: NDArray[np.float64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Describe each step by its place in the whole.

    Args:
        steps: at most ``MAX_STEPS``.
        edge_s: float64 [steps + 1], seconds.

    Returns:
        float32 [steps, GLOBAL], and float32 [steps, steps]: how alike the surroundings of two steps are, in whatever
        key, up to 1; a step and what is near to it: 0.
    """
    count = len(steps)
    columns: list[NDArray[np.float64]] = []
    for space in SPACES:
        part = steps.vector[:, space]
        similar = part @ part.T / max(1e-6, float((part * part).sum(1).max()))
        columns += [_checkerboard(similar, half) for half in KERNELS]
    similar = _in_any_key(steps.vector)
    around = np.zeros((count, count), np.float32)
    for run in RUNS:
        forward = _far(_run_means(similar, run))
        columns += _returns(forward, run)
        if run == RUNS[1]:
            around = np.roll(np.roll(forward, run // 2, 0), run // 2, 1)
            around[: run // 2], around[:, : run // 2] = forward[: run // 2], forward[:, : run // 2]
            columns += [_lag_novelty(forward, sigma) for sigma in (2.0, 6.0)]
    at = np.arange(count)
    columns += [at / count, np.minimum(at, 64) / 64, np.minimum(count - at, 64) / 64, np.log2(np.diff(edge_s) / 0.65)]
    return np.column_stack(columns).astype(np.float32), _far(around)


def _in_any_key(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosines of steps, averaged along diagonals of four; another key costs a little."""
    best = _run_means(vector @ vector.T, 4)
    for semitones in range(1, 12):
        moved = np.column_stack(
            [np.roll(vector[:, :12], semitones, 1), np.roll(vector[:, 12:24], semitones, 1), vector[:, 24:]]
        )
        np.maximum(best, _run_means(vector @ moved.T, 4) - OTHER_KEY_COSTS, out=best)
    return best


def _run_means(similar: NDArray[np.float32], run: int) -> NDArray[np.float32]:
    """The mean similarity of the ``run`` steps from ``i`` on to those from ``j`` on; missing ones count as unlike."""
    count = len(similar)
    total = np.zeros_like(similar)
    # doubling: the sum over 2k steps is the sum over k steps here and k steps on
    total += similar
    done = 1
    while done < run:
        total[: count - done, : count - done] += total[done:, done:]
        done *= 2
    return total / np.float32(run)


def _far(similar: NDArray[np.float32]) -> NDArray[np.float32]:
    at = np.arange(len(similar))
    return np.where(np.abs(at[:, None] - at[None, :]) < NEAR, np.float32(0), similar)


def _returns(forward: NDArray[np.float32], run: int) -> list[NDArray[np.float64]]:
    """How well the passage from here on, and the one up to here, returns earlier, later, and how often."""
    count = len(forward)
    earlier = np.tril(forward).max(1, initial=0.0)
    later = np.triu(forward).max(1, initial=0.0)
    typical = float(np.quantile(forward, 0.9)) if count > run else 1.0
    often = np.log1p(np.count_nonzero(forward > max(typical, 0.8), axis=1))
    before = np.zeros_like(forward)
    before[run:, run:] = forward[:-run, :-run]
    goes_on = np.minimum(before, forward).max(1, initial=0.0)
    ended = before.max(1, initial=0.0)
    return [earlier, later, often, np.maximum(earlier, later) - goes_on, ended - goes_on]


def _lag_novelty(forward: NDArray[np.float32], sigma: float) -> NDArray[np.float64]:
    count = len(forward)
    at = np.arange(count)
    lag = forward[at[:, None], (at[:, None] + at[None, :]) % count]
    smooth = gaussian_filter1d(gaussian_filter1d(lag, sigma, axis=0), 2.0, axis=1)
    change = np.zeros(count)
    change[1:] = np.sqrt(((smooth[1:] - smooth[:-1]) ** 2).mean(1))
    return np.asarray(change / (change.max() + 1e-6))


def _checkerboard(similar: NDArray[np.float32], half: int) -> NDArray[np.float64]:
    """How alike the steps before are, and those after, and how unlike one another; by an integral image."""
    count = len(similar)
    padded = np.zeros((count + 1, count + 1))
    padded[1:, 1:] = similar.cumsum(0, dtype=np.float64).cumsum(1)
    at = np.arange(count)
    a, b = np.maximum(at - half, 0), np.minimum(at + half, count)

    def mean(
        r0: NDArray[np.int64], r1: NDArray[np.int64], c0: NDArray[np.int64], c1: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        area = np.maximum((r1 - r0) * (c1 - c0), 1)
        return (padded[r1, c1] - padded[r0, c1] - padded[r1, c0] + padded[r0, c0]) / area

    return (mean(a, at, a, at) + mean(at, b, at, b)) / 2 - mean(a, at, at, b)
