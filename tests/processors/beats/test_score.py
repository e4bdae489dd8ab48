"""Beats of known music: the score's, on the notes, with a smooth change-over."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from processors.beats import Beat, BeatNetwork
from processors.beats.followed import FollowedBeats
from processors.beats.live import beats_of
from processors.beats.score import KnownWork, ScoreInformedBeats
from processors.identify import Catalogue, Identifier, WorkEntry
from processors.notes import Notes
from processors.score_beats import ScoreBeats


def tune(seed: int, notes: int = 240) -> Notes:
    """A tune in eighths of 0.25 s with a bass on each bar of three beats."""
    rng = np.random.default_rng(seed)
    onset_s = 0.25 * np.arange(notes)
    pitch = 60 + np.cumsum(rng.integers(-4, 5, notes)) % 24
    bass_s = 1.5 * np.arange(notes // 6)
    return Notes.of(np.append(onset_s, bass_s), np.append(pitch, rng.integers(36, 48, len(bass_s))))


def grid(notes: int = 240) -> ScoreBeats:
    count = notes // 2
    return ScoreBeats(0.5 * np.arange(count), np.arange(count) % 3 + 1, np.full(count, 3))


@pytest.fixture(scope="module")
def identifier(tmp_path_factory: pytest.TempPathFactory) -> Identifier:
    folder = tmp_path_factory.mktemp("known")
    works = [WorkEntry(f"w{n}", f"Tune {n}", "Nobody", f"{n}.mid", tune(n), beats=grid()) for n in range(8)]
    return Identifier(Catalogue.build(folder / Path("catalogue"), works))


def test_beats_of_a_known_work_are_the_scores(identifier: Identifier) -> None:
    notes = tune(3)
    rng = np.random.default_rng(0)
    slow = 1.0 + 0.15 * np.sin(notes.onset_s / 5.0)
    played_s = np.interp(notes.onset_s, notes.onset_s, np.cumsum(np.diff(notes.onset_s, prepend=0.0) * slow))
    played = Notes.of(2.0 + played_s + rng.normal(0.0, 0.006, len(notes)), notes.pitch.astype(int) + 2)
    beats = beats_of(played, BeatNetwork(), identifier)
    known = [beat for beat in beats if beat.work_id is not None]
    assert {beat.work_id for beat in known} == {"w3"}
    assert known[0].time_s < 10.0
    true_s = 2.0 + np.interp(grid().time_s, notes.onset_s, played_s)
    for beat in known:
        assert np.abs(true_s - beat.time_s).min() < 0.07
    late = [beat for beat in beats if beat.time_s > known[0].time_s]
    assert all((b.position - a.position) % 3 == 1 for a, b in pairwise(late))
    assert all(0.35 < b.time_s - a.time_s < 0.75 for a, b in pairwise(late))


def test_after_the_work_the_network_goes_on() -> None:
    work = KnownWork.of("w", tune(3), grid())
    joined = ScoreInformedBeats()
    told = joined.heard([_beat(0.5), _beat(1.0)])
    for k in range(8):
        told += joined.at(1.5 + 0.25 * k, work, 5.0 + 0.25 * k, 1.0)
        told += joined.heard([_beat(1.5 + 0.25 * k)])
    assert joined.work_id == "w"
    # The player leaves the score: its beats run out, then the network's are told, none twice.
    for k in range(40):
        now_s = 3.5 + 0.5 * k
        told += joined.advance(now_s)
        told += joined.heard([_beat(now_s)])
    assert joined.work_id is None
    gaps = np.diff([beat.time_s for beat in told])
    assert gaps.min() > 0.3
    assert gaps.max() < 1.1
    assert told[-1].work_id is None


def test_a_jump_in_the_work_is_followed() -> None:
    work = KnownWork.of("w", tune(3), grid())
    joined = ScoreInformedBeats()
    told: list[Beat] = []
    for k in range(12):
        told += joined.at(0.25 * k, work, 0.25 * k, 1.0)
    told += joined.begin(3.0, work, 30.0, 1.0)
    for k in range(1, 12):
        told += joined.at(3.0 + 0.25 * k, work, 30.0 + 0.25 * k, 1.0)
    assert [round(beat.time_s, 3) for beat in told] == [0.5 * k for k in range(12)]
    assert [beat.position for beat in told] == [1, 2, 3] * 4


def test_whoever_takes_over_within_a_work_tells_its_very_beats() -> None:
    """The state of known music is the next place: a worker that begins at any note goes on as the one before."""
    work = KnownWork.of("w", tune(3), grid())
    at_s = 0.25 * np.arange(40) + 0.02 * np.sin(np.arange(40))
    whole = ScoreInformedBeats()
    told = [beat for k in range(40) for beat in whole.at(at_s[k], work, 0.25 * k, 1.0)]
    for start in (13, 14):
        later = ScoreInformedBeats()
        taken_over = [beat for k in range(start, 40) for beat in later.at(at_s[k], work, 0.25 * k, 1.0)]
        left = [beat for beat in told if beat.time_s >= at_s[start]]
        assert [(b.time_s, b.position) for b in taken_over] == [(b.time_s, b.position) for b in left]
        assert taken_over[-1] == told[-1]


def test_beats_are_on_the_notes_though_places_come_seldom_and_late() -> None:
    notes, followed = tune(3), FollowedBeats()
    work = KnownWork.of("w", notes, grid())
    played_s = notes.onset_s * 1.2 + 0.15 * np.sin(notes.onset_s)
    told: list[Beat] = []
    for number in range(120):
        told += followed.note(float(played_s[number]), int(notes.pitch[number]) + 3)
        if number >= 20 and number % 16 == 0:
            heard = number - 5
            told += followed.found(float(played_s[heard]), work, float(notes.onset_s[heard]), 3, 1.0 / 1.2)
    assert {beat.work_id for beat in told} == {"w"}
    true_s = np.interp([beat.time_s for beat in told], played_s, notes.onset_s)
    assert np.abs(true_s - 0.5 * np.rint(true_s / 0.5)).max() < 0.01
    assert np.ptp(np.diff(true_s)) < 0.02
    assert len(told) > 35


def _beat(time_s: float) -> Beat:
    return Beat(time_s, 1, True, 4, 120.0, 0.5, time_s + 0.5)
