"""The live tracker: unknown until sure, then follows; notices jumps and other pieces."""

from __future__ import annotations

import numpy as np
import pytest

from processors.identify import Identification, Identifier, LiveTracker
from processors.notes import Notes
from processors.training.performances import PIANIST, Player, disturb, perform, transpose

from .music import piece


def play(tracker: LiveTracker, notes: Notes, from_s: float = 0.0) -> list[Identification]:
    answers = []
    for onset_s, pitch in zip(notes.onset_s, notes.pitch, strict=True):
        tracker.add(from_s + float(onset_s), int(pitch), 64)
        answers.append(tracker.answer())
    return answers


def named(answer: Identification) -> str:
    return answer.candidates[0].work_id if answer.status == "matched" else "unknown"


def test_says_unknown_first_then_the_work_and_never_a_wrong_one(identifier: Identifier) -> None:
    for seed in range(10):
        answers = play(LiveTracker(identifier), piece(seed).between(12.0, 32.0))
        names = [named(answer) for answer in answers]
        assert names[0] == "unknown"
        assert set(names) <= {"unknown", f"w{seed}"}
        assert names[24] == names[-1] == f"w{seed}"


def test_place_moves_with_the_player(identifier: Identifier) -> None:
    notes = transpose(piece(8), 2, 1.25).between(8.0, 48.0)
    answers = play(LiveTracker(identifier), notes)
    for number in range(40, len(notes)):
        best = answers[number].candidates[0]
        assert best.work_id == "w8"
        assert best.transposition == 2
        assert best.ref_end_s == pytest.approx(1.25 * (8.0 + notes.onset_s[number]), abs=1.0)


def test_keeps_following_a_player_with_mistakes(identifier: Identifier) -> None:
    rng = np.random.default_rng(3)
    player = Player(dropped=0.1, added=0.1, wrong=0.05)
    notes = disturb(perform(piece(14), PIANIST, rng), player, rng).between(0.0, 60.0)
    answers = play(LiveTracker(identifier), notes)
    assert np.mean([named(answer) == "w14" for answer in answers[40:]]) > 0.97


def test_notices_a_jump(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier)
    play(tracker, piece(20).between(4.0, 20.0))
    after = play(tracker, piece(20).between(60.0, 72.0), from_s=16.2)
    assert named(after[-1]) == "w20"
    assert after[25].candidates[0].ref_end_s > 59.0
    assert after[-1].candidates[0].ref_end_s == pytest.approx(72.0, abs=1.0)


def test_notices_another_piece(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier)
    play(tracker, piece(21).between(4.0, 20.0))
    after = play(tracker, piece(22).between(30.0, 50.0), from_s=16.2)
    assert named(after[40]) == named(after[-1]) == "w22"


def test_music_that_is_not_there_becomes_unknown_again(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier)
    play(tracker, piece(23).between(4.0, 20.0))
    after = play(tracker, piece(2000).between(0.0, 40.0), from_s=16.2)
    assert np.mean([named(answer) == "unknown" for answer in after[60:]]) > 0.9


def test_without_notes_and_with_few(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier)
    assert tracker.answer().status == "unknown"
    tracker.add(0.0, 60, 64)
    assert tracker.answer().status == "unknown"
    assert tracker.answer().notes_heard == 1


def test_window_is_bounded(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier, window_s=5.0, window_max_notes=20)
    answers = play(tracker, piece(2).between(0.0, 30.0))
    assert all(answer.notes_heard <= 20 for answer in answers)
    assert named(answers[-1]) == "w2"


def test_one_pitch_over_and_over(identifier: Identifier) -> None:
    answers = play(LiveTracker(identifier), Notes.of(np.arange(200) * 0.1, np.full(200, 60)))
    assert {answer.status for answer in answers} == {"unknown"}
