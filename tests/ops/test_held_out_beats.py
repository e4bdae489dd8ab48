"""Networks are chosen by works that nothing was trained on."""

from __future__ import annotations

import numpy as np

from ops.evaluate.held_out_beats import held_out_beats
from processors.beats import BeatNetwork
from processors.notes import Notes
from processors.training.beats.pool import HOLD_OUT
from processors.training.beats.works import BeatWork

BEATS = 120


def _march(name: str, beat_s: float) -> BeatWork:
    times_s = np.arange(BEATS) * beat_s
    position = np.arange(BEATS) % 4
    pitch = np.where(position == 0, 48, 67)
    velocity = np.where(position == 0, 100, 60)
    return BeatWork(name, Notes.of(times_s, pitch, np.full(BEATS, 0.2), velocity), times_s, position, False, 1)


def _nothing(name: str) -> BeatWork:
    none = np.zeros(0)
    return BeatWork(name, Notes.of(none, none, none, none), none, none.astype(np.int64), False, 1)


def test_beats_are_found_in_the_works_left_out_and_only_these_are_played() -> None:
    works = [_nothing(f"trained on/{number}") for number in range(2 * HOLD_OUT)]
    works[0], works[HOLD_OUT] = _march("held out/slow", 0.6), _march("held out/fast", 0.4)
    told = held_out_beats(works, BeatNetwork(), 6, 1)
    assert told["held_out_beat"][0] > 0.6
    assert told == held_out_beats(works, BeatNetwork(), 6, 1)
