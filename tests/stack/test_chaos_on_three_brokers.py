"""A shortened run of ``continuo bench chaos``: three brokers, and something fails every few seconds."""

from __future__ import annotations

import pytest

from ops.bench.chaos import chaos
from ops.bench.chaos.traffic import Load

FAULTS = 4
OUTAGE_S = 7.0
SEED = 0
WORKS = 40

pytestmark = pytest.mark.stack


def test_nothing_is_lost_and_nothing_twice() -> None:
    """Every event has its answer, and Redis and ClickHouse hold each once, whatever was struck."""
    seconds = (OUTAGE_S + 1.0) * FAULTS + 4.0
    load = Load(clips=round(seconds * 5), clips_per_s=5.0, players=4, notes_per_s=4.0)
    told: list[str] = []
    result = chaos(load, FAULTS, OUTAGE_S, SEED, told.append, WORKS)
    assert result["faults"] == FAULTS
    assert (result["lost"], result["duplicated"]) == (0, 0), (result, told)
    assert result["audit"]["topics"]["clips"]["records"] >= load.clips
    assert result["audit"]["stores"]["clickhouse"]["expected"] > load.clips
