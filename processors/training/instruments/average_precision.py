"""Average precision of ranked clips, as in the literature of tagging."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def average_precision(score: NDArray[np.floating], truth: NDArray[np.generic]) -> float:
    """Mean of the precision at each positive, in order of falling score; NaN without positives."""
    order = np.argsort(-score, kind="stable")
    hits = np.asarray(truth, bool)[order]
    if not hits.any():
        return float("nan")
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    return float(precision[hits].mean())


def mean_average_precision(scores: NDArray[np.floating], truth: NDArray[np.generic]) -> float:
    """Over the labels that have a positive; both of shape (clips, labels)."""
    each = [average_precision(scores[:, k], truth[:, k]) for k in range(scores.shape[1])]
    return float(np.nanmean(each))
