"""Queries: the right work, key, tempo and place, in spite of mistakes; and honest unknowns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from processors.identify import Catalogue, Identifier, WorkEntry
from processors.notes import Notes
from processors.score_beats import ScoreBeats
from processors.training.performances import PIANIST, Player, disturb, melody_line, perform, transpose

from .music import piece, works


def clip(seed: int, start_s: float = 20.0, length_s: float = 10.0) -> Notes:
    return piece(seed).between(start_s, start_s + length_s)


@pytest.mark.parametrize("semitones", [-6, -1, 0, 3, 6])
def test_finds_the_work_in_any_key(identifier: Identifier, semitones: int) -> None:
    answer = identifier.identify(transpose(clip(7), semitones, 1.0))
    assert answer.status == "matched"
    assert answer.candidates[0].work_id == "w7"
    assert answer.candidates[0].transposition == semitones


@pytest.mark.parametrize("tempo_ratio", [0.25, 0.6, 1.0, 1.7, 4.0])
def test_finds_the_work_at_any_tempo_and_says_where(identifier: Identifier, tempo_ratio: float) -> None:
    answer = identifier.identify(transpose(clip(11), 0, tempo_ratio), (0.0, 10.0 / tempo_ratio))
    best = answer.candidates[0]
    assert best.work_id == "w11"
    assert best.tempo_ratio == pytest.approx(tempo_ratio, rel=0.05)
    assert best.ref_start_s == pytest.approx(20.0, abs=0.5)
    assert best.ref_end_s == pytest.approx(30.0, abs=0.5)


def test_finds_simulated_performances(identifier: Identifier) -> None:
    rng = np.random.default_rng(1)
    right = 0
    for seed in range(40):
        answer = identifier.identify(perform(clip(seed, 10.0 + seed), PIANIST, rng))
        right += answer.status == "matched" and answer.candidates[0].work_id == f"w{seed}"
    assert right >= 39


def test_finds_music_with_a_third_of_the_notes_wrong(identifier: Identifier) -> None:
    rng = np.random.default_rng(2)
    bad = Player(dropped=0.3, added=0.3, jitter_ms=30.0, octaves=0.05)
    answers = [identifier.identify(disturb(clip(seed, 10.0 + seed), bad, rng)) for seed in range(40)]
    assert sum(answer.candidates[0].work_id == f"w{seed}" for seed, answer in enumerate(answers)) >= 38


def test_finds_the_melody_alone(identifier: Identifier) -> None:
    answers = [identifier.identify(melody_line(clip(seed))) for seed in range(40)]
    assert sum(answer.candidates[0].work_id == f"w{seed}" for seed, answer in enumerate(answers)) >= 39


def test_music_that_is_not_there_is_unknown(identifier: Identifier) -> None:
    answers = [identifier.identify(clip(seed)) for seed in range(1000, 1040)]
    assert sum(answer.status == "unknown" for answer in answers) >= 38


def test_candidates_are_ranked_and_carry_what_is_known_of_the_work(identifier: Identifier) -> None:
    answer = identifier.identify(clip(3))
    assert len(answer.candidates) <= 5
    confidences = [candidate.confidence for candidate in answer.candidates]
    assert confidences == sorted(confidences, reverse=True)
    assert sum(confidences) == pytest.approx(answer.confidence)
    best = answer.candidates[0]
    assert (best.title, best.composer, best.path) == ("Piece 3", "Nobody", "folder/3.mid")
    assert best.matched_notes == answer.notes_heard


def test_a_clip_of_a_whole_file_is_found(identifier: Identifier) -> None:
    answer = identifier.identify(piece(5))
    assert answer.candidates[0].work_id == "w5"
    assert answer.candidates[0].ref_start_s == pytest.approx(0.0, abs=0.5)


def test_all_places_of_a_repeated_passage_are_given(tmp_path) -> None:
    strophe, other = piece(101, 10), piece(102, 10)
    song = np.concatenate
    onset_s = song([strophe.onset_s, strophe.onset_s + 20.0, other.onset_s + 40.0, strophe.onset_s + 60.0])
    notes = Notes.of(onset_s, song([strophe.pitch, strophe.pitch, other.pitch, strophe.pitch]))
    beats = ScoreBeats(np.arange(160) * 0.5, np.arange(160) % 4 + 1, np.full(160, 4))
    entry = WorkEntry("song", "", "", "", notes, beats=beats)
    identifier = Identifier(Catalogue.build(tmp_path / "song", [entry, *works(5)]))
    answer = identifier.identify(transpose(strophe.between(4.0, 14.0), 2, 1.25))
    best = answer.candidates[0]
    assert [place.ref_start_s for place in best.places] == pytest.approx([4.0, 24.0, 64.0], abs=0.3)
    assert [place.ref_end_s for place in best.places] == pytest.approx([14.0, 34.0, 74.0], abs=0.5)
    assert best.ref_start_s == best.places[0].ref_start_s
    assert best.ref_start_beat == pytest.approx(2.0 * best.ref_start_s)
    assert best.places[2].ref_end_beat == pytest.approx(2.0 * best.places[2].ref_end_s)


def test_an_answer_says_what_it_rests_on(identifier: Identifier) -> None:
    sure = identifier.identify(clip(3)).candidates[0]
    assert sure.evidence is not None
    assert sure.evidence.share == 1.0
    assert sure.evidence.misfit < 0.01
    assert sure.evidence.effort == 1
    assert len(sure.places) == 1
    rng = np.random.default_rng(1)
    bad = identifier.identify(disturb(clip(3), Player(dropped=0.3, added=0.3, jitter_ms=30.0), rng)).candidates[0]
    assert bad.evidence is not None
    assert bad.evidence.share < 0.9
    assert bad.evidence.lead is None or sure.evidence.lead is None or bad.evidence.lead < sure.evidence.lead


def test_same_answers_from_many_threads(identifier: Identifier) -> None:
    queries = [clip(seed) for seed in range(30)]
    alone = [identifier.identify(query) for query in queries]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(identifier.identify, queries))
    assert together == alone


def _notes(onset_s: list[float] | np.ndarray, pitch: list[int] | np.ndarray) -> Notes:
    return Notes.of(np.array(onset_s, float), np.array(pitch))


@pytest.mark.parametrize(
    "notes",
    [
        _notes([], []),
        _notes([0.0], [60]),
        _notes(np.zeros(50), np.arange(50) + 30),
        _notes(np.zeros(5000), np.full(5000, 60)),
        _notes(np.arange(300) * 0.1, np.full(300, 60)),
        _notes([0, 0.5, 1, 900.0, 900.5, 1e6, 1e6 + 1, 1e6 + 2], [60, 62, 64, 65, 67, 60, 62, 64]),
        _notes(np.arange(30) * 1e-4, np.arange(30) + 40),
        _notes(np.arange(40) * 0.2, np.tile([0, 127], 20)),
    ],
    ids=["none", "one", "one chord", "one note many times", "one pitch", "silences", "a glissando", "extremes"],
)
def test_queries_that_are_hardly_music(identifier: Identifier, notes: Notes) -> None:
    answer = identifier.identify(notes)
    assert answer.status == "unknown"
    assert all(np.isfinite((c.ref_start_s, c.ref_end_s, c.tempo_ratio, c.confidence)).all() for c in answer.candidates)


def test_a_query_of_two_hundred_thousand_notes(identifier: Identifier) -> None:
    rng = np.random.default_rng(0)
    notes = _notes(np.sort(rng.uniform(0, 600, 200_000)), rng.integers(21, 109, 200_000))
    assert identifier.identify(notes).status == "unknown"


def test_an_empty_catalogue_knows_nothing(tmp_path) -> None:
    identifier = Identifier(Catalogue.update(tmp_path / "empty"))
    identifier.warm_up()
    assert identifier.identify(clip(1)).status == "unknown"
