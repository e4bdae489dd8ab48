"""The steps that sections are made of."""

from __future__ import annotations

import numpy as np
import pytest

from processors.notes import Notes
from processors.sections.hints import hint_features, hints_of
from processors.sections.pulse import pulse_of

from .songs import BAR_S, made_song


@pytest.mark.parametrize("pace", [0.8, 1.0, 1.2])
def test_the_pulse_keeps_in_step_with_the_bars_of_a_whole_song(pace: float) -> None:
    notes, _ = made_song("iABAB")
    slower = Notes.of(notes.onset_s * pace, notes.pitch, notes.duration_s * pace, notes.velocity)
    pulse = pulse_of(slower, hints_of(slower))
    bars = np.arange(2, 38) * BAR_S * pace
    apart = np.abs(pulse[:, None] - bars[None, :]).min(0)
    assert np.mean(apart < 0.1) > 0.9


def test_hints_do_not_depend_on_how_sure_the_beat_network_is() -> None:
    notes, _ = made_song("iAB")
    hints = hints_of(notes)
    edge_s = np.arange(0.0, notes.end_s, 0.6)
    doubtful = type(hints)(hints.time_s, hints.activation * np.float32(0.5))
    assert hint_features(doubtful, edge_s) == pytest.approx(hint_features(hints, edge_s), abs=0.05)


def test_a_single_chord_has_a_pulse() -> None:
    chord = Notes.of(np.array([1.0, 1.0]), np.array([60, 64]), np.array([30.0, 30.0]))
    assert len(pulse_of(chord, hints_of(chord))) >= 2
