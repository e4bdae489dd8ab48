"""Instruments of a clip do not depend on what it is judged with, how loud it is, or in which format it came."""

from __future__ import annotations

import numpy as np
import pytest

from processors.audio import Sound
from processors.instruments import LABELS, InstrumentDetector, label_of, prepare
from processors.midi import BadMusicError
from processors.notes import Notes
from tests.processors.onsets.tones import play

RATE_HZ = 22_050


@pytest.fixture(scope="module")
def detector() -> InstrumentDetector:
    return InstrumentDetector()


def clip(seconds: float, seed: int = 0, rate_hz: int = RATE_HZ) -> np.ndarray:
    rng = np.random.default_rng(seed)
    count = max(int(seconds * 4), 1)
    notes = Notes.of(np.arange(count) / 4.0, rng.integers(48, 84, count), np.full(count, 0.24))
    return play(notes, rate_hz)[: int(seconds * rate_hz)]


def test_every_label_has_a_probability_in_the_clip_and_in_each_second(detector: InstrumentDetector) -> None:
    found = detector.detect(clip(7.5), RATE_HZ)
    assert [one.probability for one in found.ranked()] == sorted(found.probability.tolist(), reverse=True)
    assert {one.label for one in found.ranked()} == set(LABELS)
    assert found.by_second.shape == (8, len(LABELS))
    assert np.all((found.by_second >= 0.0) & (found.by_second <= 1.0))


def test_many_clips_together_are_answered_as_one_by_one(detector: InstrumentDetector) -> None:
    sounds = [Sound(clip(seconds, seed), RATE_HZ) for seed, seconds in enumerate((0.4, 3.0, 31.0, 11.2))]
    together = detector.detect_many(sounds)
    for sound, found in zip(sounds, together, strict=True):
        alone = detector.detect(sound.samples, sound.rate_hz)
        np.testing.assert_allclose(found.probability, alone.probability, atol=1e-5)
        np.testing.assert_allclose(found.by_second, alone.by_second, atol=1e-5)
    assert detector.detect_many([]) == []


def test_loudness_does_not_matter(detector: InstrumentDetector) -> None:
    loud = clip(4.0)
    quiet = detector.detect(loud * 0.01, RATE_HZ)
    np.testing.assert_allclose(quiet.probability, detector.detect(loud, RATE_HZ).probability, atol=0.02)


def test_nothing_is_heard_in_silence(detector: InstrumentDetector) -> None:
    found = detector.detect(np.zeros(5 * RATE_HZ, np.float32), RATE_HZ)
    assert found.probability.max() == 0.0
    assert found.by_second.max() < 0.001
    music_then_silence = np.concatenate([clip(3.0), np.zeros(6 * RATE_HZ, np.float32)])
    assert detector.detect(music_then_silence, RATE_HZ).by_second[5:].max() < 0.001


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 192_000])
def test_any_rate_is_heard(detector: InstrumentDetector, rate_hz: int) -> None:
    assert detector.detect(clip(2.0, rate_hz=rate_hz), rate_hz).duration_s == pytest.approx(2.0)


def test_a_single_sample_is_a_clip(detector: InstrumentDetector) -> None:
    found = detector.detect(np.ones(1, np.float32), 44_100)
    assert found.by_second.shape == (1, len(LABELS))


@pytest.mark.parametrize(
    ("samples", "rate_hz", "sentence"),
    [
        (np.zeros(0), RATE_HZ, "zero length"),
        (np.zeros((100, 2)), RATE_HZ, "must be mono"),
        (np.array([0.0, np.nan]), RATE_HZ, "not finite"),
        (np.zeros(100), 100, "cannot be analysed"),
    ],
)
def test_what_is_no_sound_is_refused(samples: np.ndarray, rate_hz: int, sentence: str) -> None:
    with pytest.raises(BadMusicError, match=sentence):
        prepare(samples, rate_hz)


def test_relatives_count_as_their_family() -> None:
    assert label_of("bass clarinet") == "clarinet"
    assert label_of("Double Bass") == "bass"
    assert label_of("cor anglais") == "oboe"
    assert label_of("percussion:djembe") == "drums"
    assert label_of("mallet_percussion") == "mallet_percussion"
    assert label_of("spring coil") is None
