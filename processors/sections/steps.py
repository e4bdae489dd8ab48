"""Steps: the beats of music, halved or doubled until they are about as long in every piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHORTEST_S, LONGEST_S = 0.45, 0.9
"""A step's usual length lies in this octave, so that the same model serves 40 and 200 beats a minute."""
MAX_HALVINGS = 3


def steps_of(beat_s: NDArray[np.float64], end_s: float) -> NDArray[np.float64]:
    """The edges of the steps that cover music from its first beat (or zero) to its end.

    Args:
        beat_s: float64 [beats], ascending; at least two.
        end_s: where the music ends, seconds.

    Returns:
        float64 [steps + 1], ascending: step ``i`` lasts from edge ``i`` to edge ``i + 1``. The beats are carried on
        at their own pace before the first and after the last one.
    """
    edges = np.asarray(beat_s, np.float64)
    for _ in range(MAX_HALVINGS):
        if np.median(np.diff(edges)) < LONGEST_S:
            break
        edges = np.sort(np.concatenate([edges, (edges[:-1] + edges[1:]) / 2]))
    while len(edges) > 3 and np.median(np.diff(edges)) < SHORTEST_S:
        edges = edges[::2]
    period = float(np.median(np.diff(edges)))
    before = edges[0] - period * np.arange(int(edges[0] / period), 0, -1)
    count_after = int(np.ceil(max(0.0, end_s - edges[-1]) / period))
    after = edges[-1] + period * np.arange(1, count_after + 1)
    return np.concatenate([before, edges, after])
