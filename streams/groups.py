"""Consumer groups: their names, and how often they commit."""

from __future__ import annotations

GROUP_PREFIX = "continuo-"
COMMIT_INTERVAL_S = 0.5
DETECT = "detect"
"""The worker that the preprocess agent waits for."""


def group_of(worker: str) -> str:
    """The consumer group of a kind of worker."""
    return GROUP_PREFIX + worker
