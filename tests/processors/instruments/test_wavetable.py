"""SoundFonts made small: fewer samples, of low rates, looped early, and still in tune."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from processors.training.instruments.soundfont_file import HEADER, MODES, SAMPLE
from processors.training.instruments.wavetable import Shrinking, shrink

RATE_HZ = 44_100
KEYS = 43
HOW = Shrinking(rate_hz=9_000.0, single_cycle=True, eight_bits=False, zones=1)


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _tone(pitch: int, dies: bool) -> NDArray[np.float32]:
    """Two seconds of a tone with overtones."""
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    sound = sum(np.sin(2.0 * np.pi * k * hz * time_s) / k for k in range(1, 6)) * 0.3
    return np.asarray(sound * (np.exp(-2.0 * time_s) if dies else 1.0), np.float32)


def _font(pitches: tuple[int, ...], looped: bool, compressed: bool = False) -> bytes:
    """A SoundFont of one instrument, with a zone for each pitch."""
    headers = np.zeros(len(pitches) + 1, HEADER)
    data = b""
    for header, pitch in zip(headers, pitches, strict=False):
        sound = _tone(pitch, not looped)
        if compressed:
            file = io.BytesIO()
            soundfile.write(file, sound, RATE_HZ, format="OGG", subtype="VORBIS")
            body, start, end = file.getvalue(), len(data), len(data) + len(file.getvalue())
            loop = RATE_HZ
        else:
            body = np.round(sound * 32767.0).astype("<i2").tobytes()
            start, end = len(data) // 2, (len(data) + len(body)) // 2
            loop = start + RATE_HZ
        data += body
        last = loop + RATE_HZ // 2
        header["start"], header["end"], header["loop_start"], header["loop_end"] = start, end, loop, last
        header["rate_hz"], header["root"], header["kind"] = RATE_HZ, pitch, 0x11 if compressed else 1
    settings = [
        pair for k in range(len(pitches)) for pair in ((KEYS, k | k << 8), (MODES, int(looped)), (SAMPLE, k))
    ] + [(0, 0)]
    bags = [(3 * k, 0) for k in range(len(pitches) + 1)]
    tables = {
        b"phdr": b"", b"pbag": b"", b"pmod": b"", b"pgen": b"", b"imod": b"",
        b"inst": struct.pack("<20sH20sH", b"tone", 0, b"EOI", len(pitches)),
        b"ibag": b"".join(struct.pack("<HH", *bag) for bag in bags),
        b"igen": b"".join(struct.pack("<HH", *setting) for setting in settings),
        b"shdr": headers.tobytes(),
    }  # fmt: skip
    info = _chunk(b"LIST", b"INFO" + _chunk(b"ifil", struct.pack("<HH", 2, 1)))
    samples = _chunk(b"LIST", b"sdta" + _chunk(b"smpl", data))
    rest = _chunk(b"LIST", b"pdta" + b"".join(_chunk(name, body) for name, body in tables.items()))
    return _chunk(b"RIFF", b"sfbk" + info + samples + rest)


def _table(font: bytes, name: bytes, kind: Any) -> NDArray[Any]:
    place = font.rindex(name)
    (length,) = struct.unpack_from("<I", font, place + 4)
    return np.frombuffer(font[place + 8 : place + 8 + length], kind)


def _played(font: bytes, number: int, length_s: float) -> tuple[NDArray[np.float64], float]:
    """A sample as a synthesizer plays it at its own pitch, looped to the end; and its rate."""
    header = _table(font, b"shdr", HEADER)[number]
    data = _table(font, b"smpl", "<i2").astype(np.float64)
    first, last = int(header["loop_start"]), int(header["loop_end"])
    sound = data[int(header["start"]) : last]
    rate_hz = float(header["rate_hz"])
    while len(sound) < length_s * rate_hz:
        sound = np.concatenate([sound, data[first:last]])
    return sound[: int(length_s * rate_hz)], rate_hz


def _pitch(sound: NDArray[np.float64], rate_hz: float) -> float:
    """By the strongest of the partials, as a MIDI pitch; the tones' fundamental is the strongest."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 1 << 20))
    return float(69.0 + 12.0 * np.log2(float(spectrum.argmax()) * rate_hz / (1 << 20) / 440.0))


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("single_cycle", [False, True])
def test_a_looped_sample_is_small_and_in_tune(single_cycle: bool, compressed: bool) -> None:
    how = Shrinking(9_000.0, single_cycle, True, 1)
    for seed in range(4):
        small = shrink(_font((64,), True, compressed), how, np.random.default_rng(seed))
        header = _table(small, b"shdr", HEADER)[0]
        assert header["end"] - header["start"] <= 9_100
        assert header["start"] < header["loop_start"] < header["loop_end"] <= header["end"]
        assert abs(_pitch(*_played(small, 0, 2.0)) - 64.0) < 0.1


def test_a_sample_that_dies_away_still_does() -> None:
    small = shrink(_font((57,), False), HOW, np.random.default_rng(0))
    header = _table(small, b"shdr", HEADER)[0]
    sound = _table(small, b"smpl", "<i2")[int(header["start"]) : int(header["end"])].astype(np.float64)
    half = len(sound) // 2
    assert 1.5 < len(sound) / header["rate_hz"] < 2.5
    assert np.square(sound[half:]).mean() < 0.2 * np.square(sound[:half]).mean()
    assert abs(_pitch(sound, float(header["rate_hz"])) - 57.0) < 0.1


def test_zones_share_the_samples_that_are_kept() -> None:
    small = shrink(_font((48, 50, 72, 74), True), HOW, np.random.default_rng(0))
    settings = _table(small, b"igen", "<u2").reshape(-1, 2)
    assert len(set(settings[settings[:, 0] == SAMPLE, 1].tolist())) == 1
    two = shrink(_font((48, 50, 72, 74), True), Shrinking(9_000.0, True, False, 2), np.random.default_rng(0))
    settings = _table(two, b"igen", "<u2").reshape(-1, 2)
    chosen = settings[settings[:, 0] == SAMPLE, 1].tolist()
    assert chosen[0] == chosen[1] != chosen[2] == chosen[3]


def test_noise_gets_no_loop() -> None:
    rng = np.random.default_rng(0)
    noise = np.round(rng.normal(0.0, 3_000.0, 2 * RATE_HZ)).astype("<i2").tobytes()
    tone = np.round(_tone(60, True) * 32767.0).astype("<i2").tobytes()
    font = _font((60,), False).replace(tone, noise)
    small = shrink(font, HOW, rng)
    header = _table(small, b"shdr", HEADER)[0]
    length = int(header["end"] - header["start"])
    assert abs(length / header["rate_hz"] - 2.0) < 0.05
    sound = _table(small, b"smpl", "<i2")[:length].astype(np.float64)
    half = length // 2
    alike = np.abs(np.fft.irfft(np.fft.rfft(sound[:half], 2 * half) * np.conj(np.fft.rfft(sound[half:], 2 * half))))
    assert alike.max() < 0.2 * np.square(sound).sum() / 2.0


def test_what_is_no_font_is_refused() -> None:
    with pytest.raises(ValueError, match="no SoundFont"):
        shrink(b"RIFF\0\0\0\0WAVE", HOW, np.random.default_rng(0))
