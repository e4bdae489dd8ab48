"""A shortened run of ``continuo bench chaos``: three brokers, and something fails every few seconds."""

from __future__ import annotations

import pytest

from ops.bench.chaos import Load, Plan, chaos

OUTAGE_S = 7.0
SEED = 0
WORKS = 40
TOGETHER = (
    ("broker killed", "events sent twice", "blob store's disk full"),
    ("clips worker paused past its session", "Redis slow", "clocks jump"),
    ("Redis sink paused past its session", "ClickHouse slow", "events late"),
)
"""What no other test does."""

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]  # three brokers start slowly on a busy machine


def test_nothing_is_lost_and_nothing_twice() -> None:
    """Every event has its answer, and Redis and ClickHouse hold each once, whatever was struck."""
    kinds = tuple(kind for group in TOGETHER for kind in group)
    seconds = (OUTAGE_S + 1.0) * len(TOGETHER) + 4.0
    load = Load(clips=round(seconds * 5), clips_per_s=5.0, players=4, notes_per_s=4.0)
    told: list[str] = []
    result = chaos(load, Plan(len(kinds), OUTAGE_S, len(TOGETHER[0]), kinds), SEED, told.append, WORKS)
    assert set(result["kinds"]) == set(kinds)
    assert (result["lost"], result["duplicated"]) == (0, 0), (result, told)
    assert result["audit"]["topics"]["clips"]["records"] >= load.clips
    assert result["audit"]["stores"]["clickhouse"]["expected"] > load.clips
