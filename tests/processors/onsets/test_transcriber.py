"""Onsets of audio whose notes are known, because it is synthesised here."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from processors.midi import BadMusicError
from processors.notes import Notes
from processors.onsets import Transcriber
from processors.onsets.network import MODEL
from processors.training.onsets.score import score_onsets

from .tones import melody, play

RATE_HZ = 44_100
SCALE = melody([60, 62, 64, 65, 67, 69, 71, 72, 71, 69, 67, 65, 64, 62, 60])
CHORDS = Notes.of(
    np.repeat(0.4 + 0.6 * np.arange(6), 3),
    np.array([48, 64, 67, 50, 65, 69, 52, 67, 71, 53, 69, 72, 55, 71, 74, 48, 67, 76]),
    np.full(18, 0.6),
)


@pytest.fixture(scope="module")
def transcriber() -> Transcriber:
    return Transcriber()


def test_finds_the_notes_of_a_melody_at_their_time(transcriber: Transcriber) -> None:
    heard = transcriber.transcribe(play(SCALE, RATE_HZ), RATE_HZ)
    score = score_onsets(heard.notes.onset_s, heard.notes.pitch, SCALE.onset_s, SCALE.pitch)
    assert score.recall >= 0.9
    assert score.precision >= 0.8
    right = [
        np.abs(heard.notes.onset_s[heard.notes.pitch == p] - t) for p, t in zip(SCALE.pitch, SCALE.onset_s, strict=True)
    ]
    assert np.median([gaps.min() for gaps in right if len(gaps)]) < 0.02


def test_finds_the_notes_of_chords(transcriber: Transcriber) -> None:
    heard = transcriber.transcribe(play(CHORDS, RATE_HZ), RATE_HZ).notes
    score = score_onsets(heard.onset_s, heard.pitch, CHORDS.onset_s, CHORDS.pitch)
    assert score.f >= 0.8


@pytest.mark.parametrize("cents", [-30.0, 40.0])
def test_follows_the_tuning_of_the_instrument(transcriber: Transcriber, cents: float) -> None:
    heard = transcriber.transcribe(play(SCALE, RATE_HZ, tuning_cents=cents), RATE_HZ)
    assert heard.tuning_cents == pytest.approx(cents, abs=8.0)
    assert score_onsets(heard.notes.onset_s, heard.notes.pitch, SCALE.onset_s, SCALE.pitch).f >= 0.85


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 48_000])
def test_takes_any_usual_sample_rate(transcriber: Transcriber, rate_hz: int) -> None:
    heard = transcriber.transcribe(play(SCALE, rate_hz), rate_hz).notes
    assert score_onsets(heard.onset_s, heard.pitch, SCALE.onset_s, SCALE.pitch).f >= 0.8


def test_the_level_does_not_matter(transcriber: Transcriber) -> None:
    quiet = transcriber.transcribe(0.02 * play(SCALE, RATE_HZ), RATE_HZ).notes
    assert score_onsets(quiet.onset_s, quiet.pitch, SCALE.onset_s, SCALE.pitch).f >= 0.85


def test_hears_notes_in_noise(transcriber: Transcriber) -> None:
    clean = play(CHORDS, RATE_HZ)
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, float(clean.std()) * 10 ** (-10 / 20), len(clean)).astype(np.float32)
    heard = transcriber.transcribe(clean + noise, RATE_HZ).notes
    assert score_onsets(heard.onset_s, heard.pitch, CHORDS.onset_s, CHORDS.pitch).f >= 0.7


def test_silence_noise_and_a_click_are_no_music(transcriber: Transcriber) -> None:
    silence = np.zeros(3 * RATE_HZ, np.float32)
    noise = np.random.default_rng(1).normal(0.0, 0.1, 3 * RATE_HZ).astype(np.float32)
    click = silence.copy()
    click[RATE_HZ : RATE_HZ + 8] = 0.9
    assert len(transcriber.transcribe(silence, RATE_HZ).notes) == 0
    assert len(transcriber.transcribe(noise, RATE_HZ).notes) <= 2
    assert len(transcriber.transcribe(click, RATE_HZ).notes) <= 2


def test_audio_shorter_than_a_window_has_no_notes_and_is_no_error(transcriber: Transcriber) -> None:
    for count in (0, 1, 700):
        assert len(transcriber.transcribe(np.zeros(count, np.float32), RATE_HZ).notes) == 0


@pytest.mark.parametrize("piece", [441, 4_410, 30_000])
def test_a_stream_in_pieces_hears_what_the_clip_holds(transcriber: Transcriber, piece: int) -> None:
    samples = play(CHORDS, RATE_HZ)
    whole = transcriber.transcribe(samples, RATE_HZ, tuning_cents=0.0).notes
    stream = transcriber.stream(RATE_HZ, tuning_cents=0.0)
    parts = [stream.add(samples[start : start + piece]) for start in range(0, len(samples), piece)]
    parts.append(stream.finish())
    streamed = Notes.of(
        np.concatenate([part.onset_s for part in parts]), np.concatenate([part.pitch for part in parts])
    )
    assert streamed.pitch.tolist() == whole.pitch.tolist()
    assert streamed.onset_s == pytest.approx(whole.onset_s, abs=1e-3)


def test_a_stream_tells_each_note_within_its_delay(transcriber: Transcriber) -> None:
    samples = play(SCALE, RATE_HZ)
    stream = transcriber.stream(RATE_HZ)
    piece = RATE_HZ // 50
    told = 0
    for start in range(0, len(samples), piece):
        now_s = (start + piece) / RATE_HZ
        notes = stream.add(samples[start : start + piece])
        told += len(notes)
        # 30 ms for the piece itself and what the resampler keeps back
        assert all(now_s - onset <= stream.delay_s + 0.03 + 0.0464 for onset in notes.onset_s)
    assert told >= len(SCALE) - 2


def test_a_stream_learns_the_tuning(transcriber: Transcriber) -> None:
    stream = transcriber.stream(RATE_HZ)
    stream.add(play(SCALE, RATE_HZ, tuning_cents=35.0))
    assert stream.tuning_cents == pytest.approx(35.0, abs=8.0)


@pytest.mark.parametrize(
    ("samples", "rate_hz", "message"),
    [
        (np.zeros((10, 2), np.float32), 44_100, "mono"),
        (np.array([0.0, np.nan], np.float32), 44_100, "finite"),
        (np.zeros(10, np.float32), 100, "100 Hz"),
    ],
)
def test_impossible_audio_is_refused_with_a_reason(
    transcriber: Transcriber, samples: np.ndarray, rate_hz: int, message: str
) -> None:
    with pytest.raises(BadMusicError, match=message) as caught:
        transcriber.transcribe(samples, rate_hz)
    assert caught.value.type == "bad_audio"


def test_the_model_is_the_one_its_card_describes() -> None:
    card = Path(MODEL).with_suffix(".md").read_text()
    described = re.search(r"[0-9a-f]{64}", card)
    assert described is not None
    assert hashlib.sha256(MODEL.read_bytes()).hexdigest() == described[0]
