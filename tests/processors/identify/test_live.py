"""The live tracker: unknown until sure, then follows; notices jumps and other pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.identify import Catalogue, Identification, Identifier, LiveTracker, WorkEntry
from processors.notes import Notes
from processors.training.performances import PIANIST, Player, disturb, perform, transpose

from .music import piece, works
from .test_following import join


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


def test_most_players_are_recognised_within_sixteen_notes(identifier: Identifier) -> None:
    soon = []
    for seed in range(30, 50):
        answers = play(LiveTracker(identifier), piece(seed).between(20.0, 30.0))
        soon.append(named(answers[15]) == f"w{seed}")
    assert np.mean(soon) >= 0.8


def test_place_and_tempo_are_exact(identifier: Identifier) -> None:
    notes = transpose(piece(9), 0, 0.8).between(10.0, 40.0)
    answers = play(LiveTracker(identifier), notes)
    for number in range(40, len(notes)):
        best = answers[number].candidates[0]
        assert best.ref_end_s == pytest.approx(0.8 * (10.0 + notes.onset_s[number]), abs=0.05)
        assert best.tempo_ratio == pytest.approx(0.8, rel=0.1)


def test_evidence_is_kept_from_note_to_note(folder: Path) -> None:
    """Two works have one theme: what came before it tells them apart long after the last search heard it."""
    theme = piece(100).between(0.0, 30.0)
    entries = [
        WorkEntry("one", "", "", "", join(piece(101).between(0.0, 12.0), theme, piece(102).between(0.0, 20.0))),
        WorkEntry("two", "", "", "", join(piece(103).between(0.0, 12.0), theme, piece(104).between(0.0, 20.0))),
    ]
    both = Identifier(Catalogue.build(folder, entries + works(20)))
    for name, notes in (("one", entries[0].notes), ("two", entries[1].notes)):
        answers = play(LiveTracker(both), notes.between(2.0, 42.0))
        assert {named(answer) for answer in answers[40:]} == {name}
        assert len(answers) > 150


def test_a_repeated_passage_is_the_time_that_history_says(folder: Path) -> None:
    theme = piece(110).between(0.0, 16.0)
    notes = join(theme, piece(111).between(0.0, 10.0), theme, piece(112).between(0.0, 10.0))
    identifier = Identifier(Catalogue.build(folder, [WorkEntry("rondo", "", "", "", notes), *works(20)]))
    answers = play(LiveTracker(identifier), notes.between(0.0, 46.0))
    for number in range(30, len(answers)):
        assert answers[number].candidates[0].ref_end_s == pytest.approx(notes.onset_s[number], abs=0.1)


def test_music_that_is_not_there_stays_unknown(identifier: Identifier) -> None:
    names = [
        named(answer)
        for seed in range(3000, 3010)
        for answer in play(LiveTracker(identifier), piece(seed).between(0.0, 20.0))
    ]
    assert np.mean([name == "unknown" for name in names]) > 0.97


def test_notes_heard_at_once_end_where_notes_heard_one_by_one_do(identifier: Identifier) -> None:
    notes = piece(12).between(8.0, 30.0)
    one_by_one = play(LiveTracker(identifier), notes)[-1]
    again = LiveTracker(identifier)
    for onset_s, pitch in zip(notes.onset_s, notes.pitch, strict=True):
        again.add(float(onset_s), int(pitch), 64)
    assert again.answer() == one_by_one


def test_doubt_shows_in_the_confidence(identifier: Identifier) -> None:
    tracker = LiveTracker(identifier)
    sure = play(tracker, piece(25).between(4.0, 24.0))[-1]
    after = play(tracker, piece(2500).between(0.0, 6.0), from_s=20.2)
    assert min(answer.confidence for answer in after) < 0.8 * sure.confidence
