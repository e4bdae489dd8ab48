"""A worker that has read the form of a long work is not larger for ever."""

from __future__ import annotations

import multiprocessing

import numpy as np
import psutil

from ops.allocator import give_back_large_pieces
from processors.notes import Notes
from processors.score_beats import ScoreBeats
from processors.sections import sections_of_work

SHORT, LONG = 100, 1_200
"""Beats; the matrices of the long one have 6 MB each."""
GROWTH_MB = 15.0
BEAT_S = 0.5


def read(beats: int) -> None:
    """Read the form of a work of so many beats."""
    rng = np.random.default_rng(beats)
    beat_s, ones = np.arange(beats) * BEAT_S, np.ones(beats, np.int64)
    onset_s = np.repeat(beat_s, 2)
    notes = Notes.of(onset_s, rng.integers(40, 90, len(onset_s)))
    assert sections_of_work(notes, ScoreBeats(beat_s, ones, ones)) is not None


def growth_mb() -> float:
    """In a process of its own: how much larger it is after a long work."""
    give_back_large_pieces()
    read(SHORT)
    process = psutil.Process()
    before = process.memory_info().rss
    read(LONG)
    return float(process.memory_info().rss - before) / 2**20


def test_a_long_work_leaves_no_memory_behind() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(growth_mb) < GROWTH_MB
