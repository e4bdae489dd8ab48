"""The works that are kept at hand: the latest, and not more of them than memory was set aside for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import streams.known_works
from connectors.telemetry import Metrics
from processors.identify import Catalogue, WorkEntry
from processors.notes import Notes
from processors.score_beats import ScoreBeats
from streams.known_works import KnownWorks

NOTES = 100
ONES = np.ones(NOTES, np.int64)


def entry(name: str) -> WorkEntry:
    onset_s = np.arange(NOTES) * 0.5
    return WorkEntry(name, name, "", f"{name}.mid", Notes.of(onset_s, 60 * ONES), beats=ScoreBeats(onset_s, ONES, ONES))


def asked(works: KnownWorks, metrics: Metrics, name: str) -> tuple[bool, float]:
    """Whether it was at hand, and how many are."""

    def value(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(name, {"cache": "known works", **labels}) or 0.0

    before = value("continuo_cache_requests_total", outcome="hit")
    work = works.find(name)
    assert work is not None
    assert len(work.notes) == NOTES
    return value("continuo_cache_requests_total", outcome="hit") > before, value("continuo_cache_entries")


def test_works_are_kept_while_their_notes_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.known_works, "NOTES_MAX", 250)
    Catalogue.build(tmp_path, [entry(name) for name in "abc"])
    metrics = Metrics("rhythm")
    works = KnownWorks(tmp_path, metrics)
    assert asked(works, metrics, "a") == (False, 1)
    assert asked(works, metrics, "b") == (False, 2)
    assert asked(works, metrics, "a") == (True, 2)
    assert asked(works, metrics, "c") == (False, 2)  # b was asked for longest ago
    assert asked(works, metrics, "a") == (True, 2)
    assert asked(works, metrics, "b") == (False, 2)
    assert works.find("no such work") is None


def test_a_work_larger_than_all_of_it_is_kept_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams.known_works, "NOTES_MAX", 50)
    Catalogue.build(tmp_path, [entry(name) for name in "ab"])
    metrics = Metrics("rhythm")
    works = KnownWorks(tmp_path, metrics)
    assert asked(works, metrics, "a") == (False, 1)
    assert asked(works, metrics, "a") == (True, 1)
    assert asked(works, metrics, "b") == (False, 1)
