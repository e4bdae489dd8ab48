"""Following through one work: exact places, mistakes, repeats, jumps, tempo."""

from __future__ import annotations

import numpy as np
import pytest

from processors.identify import Catalogue, WorkEntry
from processors.identify.following import Follower, Written
from processors.notes import Notes
from processors.training.performances import Player, disturb

from .music import piece


def join(*parts: Notes) -> Notes:
    """Parts one after the other, each to begin two seconds after the one before."""
    onset_s, pitch, at_s = [], [], 0.0
    for part in parts:
        onset_s.append(part.onset_s + at_s)
        pitch.append(part.pitch)
        at_s = float(onset_s[-1][-1]) + 2.0
    return Notes.of(np.concatenate(onset_s), np.concatenate(pitch))


def written(folder: object, notes: Notes) -> Written:
    catalogue = Catalogue.build(str(folder), [WorkEntry("w", "", "", "", notes)])
    return Written.of(catalogue.segments[0], 0)


def play(follower: Follower, notes: Notes, from_s: float = 0.0, semitones: int = 0) -> list[float]:
    """The place after each note."""
    places = []
    for onset_s, pitch in zip(notes.onset_s, notes.pitch, strict=True):
        follower.hear(1000.0 * (from_s + float(onset_s)), int(pitch) + semitones)
        places.append(follower.position.now_s)
    return places


def test_the_place_is_exact_in_another_key_and_tempo(folder: object) -> None:
    notes = piece(3)
    follower = Follower(written(folder, notes), shift=3)
    part = notes.between(20.0, 40.0)
    slower = Notes.of(part.onset_s * 1.6, part.pitch)
    places = play(follower, slower, semitones=3)
    assert np.abs(np.array(places[15:]) - (20.0 + part.onset_s[15:])).max() < 0.02
    assert follower.position.tempo_ratio == pytest.approx(1.0 / 1.6, rel=0.03)
    assert follower.position.from_s == pytest.approx(20.0, abs=0.6)


def test_mistakes_cost_evidence_but_not_the_place(folder: object) -> None:
    notes = piece(4)
    whole = written(folder, notes)
    clean, poor = Follower(whole, 0), Follower(whole, 0)
    part = notes.between(10.0, 40.0)
    player = Player(dropped=0.1, added=0.1, wrong=0.05, jitter_ms=20.0)
    mistaken = disturb(part, player, np.random.default_rng(1))
    play(clean, part)
    places = play(poor, mistaken)
    assert 0.0 < poor.evidence < clean.evidence
    assert np.mean(np.abs(np.array(places[20:]) - (10.0 + mistaken.onset_s[20:])) < 0.6) > 0.95


def test_history_tells_a_repeat_from_the_first_time(folder: object) -> None:
    theme, middle, end = piece(5).between(0.0, 16.0), piece(6).between(0.0, 10.0), piece(7).between(0.0, 10.0)
    notes = join(theme, middle, theme, end)
    whole = written(folder, notes)
    first = play(Follower(whole, 0), notes.between(0.0, 15.0))
    assert first[-1] < 16.0
    from_the_middle = notes.between(18.0, 40.0)
    second = play(Follower(whole, 0), from_the_middle)
    assert second[-1] == pytest.approx(18.0 + from_the_middle.onset_s[-1], abs=0.05)


def test_a_jump_is_followed_and_begins_anew(folder: object) -> None:
    notes = piece(8)
    follower = Follower(written(folder, notes), 0)
    play(follower, notes.between(4.0, 20.0))
    before = follower.evidence
    places = play(follower, notes.between(60.0, 70.0), from_s=16.2)
    assert places[24] > 59.0
    assert follower.position.from_s == pytest.approx(60.0, abs=1.0)
    assert follower.evidence > before


def test_other_music_gathers_no_evidence(folder: object) -> None:
    follower = Follower(written(folder, piece(9)), 0)
    other = piece(2009).between(0.0, 30.0)
    play(follower, other)
    assert follower.evidence < 0.5 * len(other)
    assert follower.since_peak > 0


@pytest.mark.parametrize("pitch", [-5, 200])
def test_pitches_that_the_key_moves_out_of_range_are_extra_notes(folder: object, pitch: int) -> None:
    follower = Follower(written(folder, piece(1)), 0)
    follower.hear(0.0, pitch)
    assert follower.position.now_s == 0.0
    play(follower, piece(1).between(0.0, 5.0), from_s=1.0)
    assert follower.evidence > 0.0
