"""Place: from matched notes to when the passage starts and ends in the work, and how fast it was played."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .compiled import compiled

MIN_RATIO, MAX_RATIO = 0.2, 5.0
"""Tempo ratios beyond these are not music played from the score."""
EDGE_NOTES = 8
"""Matched notes at either end that say where the passage starts and ends: players bend time in between."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a query lies in a work.

    Attributes:
        start_s, end_s: on the work's clock, seconds.
        tempo_ratio: tempo of the query over that of the work.
        misfit: how far matched notes lie from a steady tempo: median distance over the query's duration, 0 is perfect.
    """

    start_s: float
    end_s: float
    tempo_ratio: float
    misfit: float


def fit_place(query_s: NDArray[np.float64], work_s: NDArray[np.float64], from_s: float, to_s: float) -> Place:
    """Fit ``work = a + ratio * query`` to matched onsets, ignoring outliers.

    Args:
        query_s, work_s: onsets of matched notes in the query and in the work, seconds, ascending, at least one.
        from_s, to_s: the query's span, whose ends are wanted on the work's clock.
    """
    start, end, ratio, misfit = _fit(query_s.astype(np.float64), work_s.astype(np.float64), from_s, to_s)
    return Place(max(start, 0.0), max(end, start, 0.0), ratio, misfit)


@compiled
def _fit(
    query_s: NDArray[np.float64], work_s: NDArray[np.float64], from_s: float, to_s: float
) -> tuple[float, float, float, float]:
    ratio = _robust_slope(query_s, work_s)
    offsets = work_s - ratio * query_s
    residual = np.abs(offsets - np.median(offsets))
    duration = max(work_s[-1] - work_s[0], 0.1)
    start = np.median(offsets[:EDGE_NOTES]) + ratio * from_s
    end = np.median(offsets[-EDGE_NOTES:]) + ratio * to_s
    return start, end, ratio, np.median(residual) / duration


@compiled
def _robust_slope(query_s: NDArray[np.float64], work_s: NDArray[np.float64]) -> float:
    """The median of slopes between notes half the passage apart (Theil and Sen), within the possible ratios."""
    half = len(query_s) // 2
    rise = work_s[half:] - work_s[: len(work_s) - half]
    run = query_s[half:] - query_s[: len(query_s) - half]
    steep = run > 0.02
    if not steep.any():
        return 1.0
    return float(min(max(np.median(rise[steep] / run[steep]), MIN_RATIO), MAX_RATIO))
