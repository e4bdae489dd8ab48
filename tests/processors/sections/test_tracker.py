"""Sections while music is played."""

from __future__ import annotations

import numpy as np
import pytest

from processors.notes import Notes
from processors.sections import LiveSection, SectionTracker, StateError

from .songs import BEAT_S, made_song


def part(notes: Notes, start_s: float, end_s: float) -> Notes:
    a, b = np.searchsorted(notes.onset_s, (start_s, end_s))
    return Notes(notes.onset_s[a:b], notes.duration_s[a:b], notes.pitch[a:b], notes.velocity[a:b])


def play(tracker: SectionTracker, notes: Notes, beats: np.ndarray) -> list[tuple[float, LiveSection]]:
    """What the tracker says, with the beat at which it says it."""
    said: list[tuple[float, LiveSection]] = []
    before = float(beats[0]) - BEAT_S
    for beat in beats:
        said += [(float(beat), section) for section in tracker.add(float(beat), part(notes, before, float(beat)))]
        before = float(beat)
    return said


def beats_of(notes: Notes, beat_s: float = BEAT_S) -> np.ndarray:
    return np.arange(0.0, notes.end_s + beat_s, beat_s)


def test_a_section_is_told_of_within_a_bounded_delay_and_ends_where_the_next_begins() -> None:
    notes, _ = made_song("iABAB")
    tracker = SectionTracker()
    said = play(tracker, notes, beats_of(notes))
    started = {section.start_s: beat for beat, section in reversed(said)}
    assert len(started) >= 3
    assert all(beat - start <= (tracker.delay_steps + 1) * BEAT_S + 1e-6 for start, beat in started.items())
    ended = [section for _, section in said if section.end_s is not None]
    assert {section.end_s for section in ended} <= set(started)
    assert len(ended) == len(started) - 1


def test_a_restored_tracker_goes_on_as_if_nothing_had_happened() -> None:
    notes, _ = made_song("iABAB")
    beats = beats_of(notes)
    whole = SectionTracker()
    expected = play(whole, notes, beats)
    tracker = SectionTracker()
    said = []
    before = -BEAT_S
    for i, beat in enumerate(beats):
        if i % 7 == 0:
            tracker = SectionTracker.from_state(tracker.state_bytes())
        said += [(float(beat), section) for section in tracker.add(float(beat), part(notes, before, float(beat)))]
        before = float(beat)
    assert said == expected
    assert tracker.state_bytes() == whole.state_bytes()


def test_the_state_stays_small_however_long_the_music_is() -> None:
    rng = np.random.default_rng(0)
    tracker = SectionTracker()
    for beat in range(900):
        onset_s = beat * 0.5 + np.sort(rng.random(20)) * 0.5
        tracker.add((beat + 1) * 0.5, Notes.of(onset_s, rng.integers(30, 90, 20)))
    assert len(tracker.state_bytes()) < 48_000


@pytest.mark.parametrize("state", [b"", b"no state", b"PK\x03\x04"])
def test_bytes_that_are_no_state_are_refused(state: bytes) -> None:
    with pytest.raises(StateError):
        SectionTracker.from_state(state)


def test_silence_has_no_section() -> None:
    tracker = SectionTracker()
    silence = Notes.of(np.zeros(0), np.zeros(0, np.uint8))
    assert [said for beat in range(50) for said in tracker.add(beat * 0.5, silence)] == []
    assert tracker.current is None


def test_a_beat_told_twice_changes_nothing() -> None:
    notes, _ = made_song("iAB")
    once, twice = SectionTracker(), SectionTracker()
    before = -BEAT_S
    for beat in beats_of(notes):
        now = part(notes, before, float(beat))
        nothing = part(notes, 0.0, 0.0)
        assert once.add(float(beat), now) == twice.add(float(beat), now)
        assert twice.add(float(beat), nothing) == []
        before = float(beat)


@pytest.mark.parametrize("beat_s", [0.2, 2.0], ids=["300 a minute", "30 a minute"])
def test_very_fast_and_very_slow_beats_are_followed(beat_s: float) -> None:
    notes, _ = made_song("iAB")
    tracker = SectionTracker()
    assert play(tracker, notes, beats_of(notes, beat_s))
    assert tracker.current is not None
