"""How a set of timings is summed up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def quantiles(timings_ms: Sequence[float]) -> dict[str, float | int]:
    """Count, median, 90th, 99th percentile and maximum, milliseconds."""
    if not timings_ms:
        return {"count": 0}
    p50, p90, p99 = np.quantile(timings_ms, (0.5, 0.9, 0.99))
    return {
        "count": len(timings_ms),
        "p50_ms": round(float(p50), 3),
        "p90_ms": round(float(p90), 3),
        "p99_ms": round(float(p99), 3),
        "max_ms": round(max(timings_ms), 3),
    }
