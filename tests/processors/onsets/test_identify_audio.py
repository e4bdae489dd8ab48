"""From samples to the work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.identify import Catalogue, Identifier, WorkEntry
from processors.identify_audio import identify_audio, identify_transcription, without_partials
from processors.notes import Notes
from processors.onsets import Transcriber, Transcription

from .tones import play

RATE_HZ = 22_050
WORKS = 40


def work(number: int) -> Notes:
    """A melody with an accompanying bass, different for every number."""
    rng = np.random.default_rng(number)
    melody = np.clip(67 + np.cumsum(rng.choice([-4, -2, -1, 1, 2, 3, 5], 120)), 58, 84)
    gaps_s = rng.choice([0.2, 0.4, 0.4, 0.6], 120)
    onset_s = np.cumsum(gaps_s) - gaps_s[0]
    bass_s, bass = onset_s[::3], melody[::3] - rng.choice([12, 15, 16, 19], 40)
    return Notes.of(
        np.concatenate((onset_s, bass_s)), np.concatenate((melody, bass)), np.concatenate((gaps_s, np.full(40, 0.5)))
    )


@pytest.fixture(scope="module")
def identifier(tmp_path_factory: pytest.TempPathFactory) -> Identifier:
    entries = [WorkEntry(f"work-{n}", f"Work {n}", "Nobody", f"{n}.mid", work(n)) for n in range(WORKS)]
    return Identifier(Catalogue.build(Path(tmp_path_factory.mktemp("catalogue")) / "works", entries))


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


def excerpt(number: int, start_s: float) -> Notes:
    return work(number).between(start_s, start_s + 10.0)


@pytest.mark.parametrize("number", [3, 17, 31])
def test_a_recording_is_identified(identifier: Identifier, transcriber: Transcriber, number: int) -> None:
    answer = identify_audio(identifier, transcriber, play(excerpt(number, 8.0), RATE_HZ), RATE_HZ)
    assert answer.status == "matched"
    assert answer.candidates[0].work_id == f"work-{number}"
    assert answer.candidates[0].ref_start_s == pytest.approx(8.0, abs=1.5)


@pytest.mark.parametrize("cents", [-48.0, 46.0])
def test_an_instrument_a_quarter_tone_off_is_identified(
    identifier: Identifier, transcriber: Transcriber, cents: float
) -> None:
    answer = identify_audio(identifier, transcriber, play(excerpt(5, 4.0), RATE_HZ, tuning_cents=cents), RATE_HZ)
    assert answer.candidates[0].work_id == "work-5"


def test_an_organ_with_octave_stops_is_identified(identifier: Identifier, transcriber: Transcriber) -> None:
    notes = excerpt(9, 2.0)
    stops = [Notes(notes.onset_s, notes.duration_s, notes.pitch + step, notes.velocity) for step in (0, 12, 24)]
    samples = np.sum([play(stop, RATE_HZ) for stop in stops], axis=0)
    answer = identify_audio(identifier, transcriber, samples, RATE_HZ)
    assert answer.candidates[0].work_id == "work-9"


def test_notes_that_are_hardly_heard_do_not_hide_the_work(identifier: Identifier) -> None:
    true, rng = excerpt(21, 6.0), np.random.default_rng(0)
    false = 4 * len(true)
    onset_s = np.append(true.onset_s, rng.uniform(0.0, 10.0, false))
    pitch = np.append(true.pitch, rng.integers(48, 84, false))
    activation = np.append(np.full(len(true), 0.8), np.full(false, 0.25)).astype(np.float32)
    order = np.lexsort((pitch, onset_s))
    heard = Transcription(Notes.of(onset_s, pitch), activation[order], 0.0, 10.0)
    assert identifier.identify(heard.notes).status == "unknown"
    answer = identify_transcription(identifier, heard)
    assert answer.status == "matched"
    assert answer.candidates[0].work_id == "work-21"


def test_partials_are_dropped_only_where_their_tone_starts_with_them() -> None:
    notes = Notes.of(np.array([0.0, 0.01, 0.02, 1.0, 2.0]), np.array([60, 72, 67, 72, 79]))
    assert without_partials(notes).pitch.tolist() == [60, 67, 72, 79]
    assert len(without_partials(Notes.of(np.zeros(0), np.zeros(0, np.int64)))) == 0


def test_silence_is_unknown(identifier: Identifier, transcriber: Transcriber) -> None:
    answer = identify_audio(identifier, transcriber, np.zeros(5 * RATE_HZ, np.float32), RATE_HZ)
    assert answer.status == "unknown"
    assert answer.notes_heard == 0
