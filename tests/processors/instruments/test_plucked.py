"""Modelled plucked strings: their pitch, how they die away, and a mandolin's tremolo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from processors.instruments.constants import SAMPLE_RATE
from processors.notes import Notes
from processors.training.instruments.plucked import FAMILIES, play_plucked, random_plucked


def _held(pitch: int) -> Notes:
    return Notes.of(np.array([0.5]), np.array([pitch]), np.array([2.0]), np.array([100]))


@pytest.mark.parametrize("label", FAMILIES)
def test_a_plucked_note_has_its_pitch_and_dies_away(label: str) -> None:
    rng = np.random.default_rng(0)
    sound = play_plucked(_held(69), 3.0, replace(random_plucked(label, rng), tremolo=False), rng)
    spectrum = np.abs(np.fft.rfft(sound[SAMPLE_RATE // 2 :]))
    hz = np.fft.rfftfreq(len(sound) - SAMPLE_RATE // 2, 1.0 / SAMPLE_RATE)[spectrum.argmax()]
    partial = hz / 440.0
    assert round(partial) >= 1
    assert abs(1200.0 * np.log2(partial / round(partial))) < 30.0
    assert not sound[: SAMPLE_RATE // 2].any()
    early, late = sound[SAMPLE_RATE // 2 : SAMPLE_RATE], sound[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + SAMPLE_RATE // 2]
    assert np.square(late).mean() < 0.5 * np.square(early).mean()


def test_a_tremolo_goes_on_as_long_as_the_note() -> None:
    rng = np.random.default_rng(1)
    mandolin = random_plucked("mandolin", rng)
    once = play_plucked(_held(76), 3.0, replace(mandolin, tremolo=False), np.random.default_rng(2))
    again = play_plucked(_held(76), 3.0, replace(mandolin, tremolo=True), np.random.default_rng(2))
    late = slice(2 * SAMPLE_RATE, int(2.4 * SAMPLE_RATE))
    assert np.square(again[late]).mean() > 4.0 * np.square(once[late]).mean()
