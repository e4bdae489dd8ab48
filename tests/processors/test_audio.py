"""Sound files are decoded to one channel, or refused with a reason."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from processors.audio import AudioLimits, decode_audio
from processors.midi import BadMusicError

RATE_HZ = 16_000


def encoded(samples: np.ndarray, format: str = "WAV", subtype: str | None = "FLOAT") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format=format, subtype=subtype)
    return out.getvalue()


@pytest.mark.parametrize(("format", "subtype"), [("WAV", "FLOAT"), ("WAV", "PCM_16"), ("FLAC", None), ("OGG", None)])
def test_channels_are_mixed(format: str, subtype: str | None) -> None:
    time_s = np.arange(RATE_HZ * 5) / RATE_HZ  # longer than a block
    left = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    sound = decode_audio(encoded(np.stack([left, np.zeros_like(left)], axis=1), format, subtype))
    assert sound.rate_hz == RATE_HZ
    assert sound.samples.dtype == np.float32
    assert abs(sound.end_s - 5.0) < 0.01
    assert np.abs(sound.samples[:RATE_HZ] - left[:RATE_HZ] / 2).max() < 0.02


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (encoded(np.zeros(0)), "zero length"),
        (encoded(np.array([0.0, np.nan, 0.5])), "1 of the sound's 3 samples"),
        (encoded(np.array([[0.0, np.inf], [0.0, 0.0]])), "1 of the sound's 2 samples"),
        (b"no sound at all", "cannot be decoded"),
        (encoded(np.zeros(1000))[:40], "cannot be decoded"),
        (encoded(np.zeros(1000), "OGG", None)[:2000], "Ogg file's first pages"),
        (encoded(np.zeros(1000), "OGG", None).replace(b"vorbis", b"vorbiS", 1), "Ogg file's first pages"),
    ],
)
def test_bad_audio_says_why(data: bytes, sentence: str) -> None:
    with pytest.raises(BadMusicError, match=sentence) as caught:
        decode_audio(data)
    assert caught.value.type == "bad_audio"


def test_limits_hold() -> None:
    data = encoded(np.zeros(RATE_HZ * 3))
    with pytest.raises(BadMusicError, match="longer than 2 s") as caught:
        decode_audio(data, AudioLimits(max_s=2.0))
    assert caught.value.type == "too_long"
    with pytest.raises(BadMusicError, match="the limit is 100") as caught:
        decode_audio(data, AudioLimits(max_bytes=100))
    assert caught.value.type == "too_large"


def test_decoding_is_given_up_when_it_is_late() -> None:
    with pytest.raises(BadMusicError, match="given up") as caught:
        decode_audio(encoded(np.zeros(RATE_HZ)), is_late=lambda: True)
    assert caught.value.type == "too_slow"


def test_a_truncated_file_ends_where_its_sound_ends() -> None:
    tone = 0.4 * np.sin(2 * np.pi * 330.0 * np.arange(RATE_HZ * 20) / RATE_HZ)
    whole = encoded(tone, "MP3", "MPEG_LAYER_III")
    sound = decode_audio(whole[: len(whole) // 2])
    assert 5.0 < sound.end_s < 15.0
    assert np.abs(sound.samples).max() < 1.0


def test_a_rate_that_is_claimed_makes_no_room() -> None:
    """A second at 600 kHz is as much as many at 48 kHz: the limit counts samples, too."""
    limits = AudioLimits(max_s=1.0)
    assert limits.max_samples(16_000) == 16_000
    assert limits.max_samples(600_000) == 48_000
    file = io.BytesIO()
    soundfile.write(file, np.zeros(60_000, np.float32), 600_000, format="WAV")
    with pytest.raises(BadMusicError, match="longer") as caught:
        decode_audio(file.getvalue(), limits)
    assert caught.value.type == "too_long"
