"""Figures from many answers, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RESAMPLES = 1000


def share(values: Sequence[bool] | Sequence[float], seed: int = 0) -> dict[str, float]:
    """The mean with its 95 % bootstrap interval and the number of values."""
    data = np.asarray(values, np.float64)
    if not len(data):
        return {"mean": 0.0, "low": 0.0, "high": 0.0, "count": 0}
    rng = np.random.default_rng(seed)
    means = data[rng.integers(0, len(data), (RESAMPLES, len(data)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return {
        "mean": round(float(data.mean()), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
        "count": len(data),
    }


def quantiles_ms(values: Sequence[float]) -> dict[str, float]:
    """Median, 99th percentile and largest of times in milliseconds."""
    if not len(values):
        return {"p50": 0.0, "p99": 0.0, "max": 0.0}
    p50, p99 = np.percentile(values, (50, 99))
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2), "max": round(float(max(values)), 2)}
