"""What lies between an instrument and a microphone: room, equalisation, noise, telephone, clipping, MP3."""

from __future__ import annotations

import io

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from processors.onsets.constants import SAMPLE_RATE

Samples = NDArray[np.float32]


def spoil(samples: Samples, rng: np.random.Generator) -> Samples:
    """Anything that may happen to a recording, drawn at random; times are kept."""
    count = len(samples)
    length = scipy.fft.next_fast_len(count + SAMPLE_RATE, real=True)
    spectrum = scipy.fft.rfft(samples, length)
    lines_hz: NDArray[np.float64] = np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE).astype(np.float64)
    if rng.random() < 0.7:
        spectrum = spectrum * random_equalisation(lines_hz, rng)
    if rng.random() < 0.7:
        spectrum = spectrum * scipy.fft.rfft(random_room(rng), length)
    telephone = rng.random() < 0.1
    out = scipy.fft.irfft(spectrum, length)[:count].astype(np.float32)
    if rng.random() < 0.75:
        out = add_noise(out, float(rng.uniform(0.0, 40.0)), rng)
    if telephone:
        out = band_pass(out, rng.uniform(200.0, 400.0), rng.uniform(2800.0, 3800.0))
    if rng.random() < 0.05:
        out = np.clip(out, *(np.quantile(out, (0.03, 0.97)))).astype(np.float32)
    out = out / max(float(np.abs(out).max()), 1e-6) * 10.0 ** (rng.uniform(-36.0, 0.0) / 20.0)
    if rng.random() < 0.04:
        out = through_mp3(out, float(rng.choice([64, 80, 96])))
    return np.asarray(out, np.float32)


def random_equalisation(lines_hz: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float32]:
    """A smooth gain curve: a slope and a few bumps and dips over log frequency, sometimes with cut ends."""
    hz = np.geomspace(20.0, SAMPLE_RATE / 2, 256)
    octave = np.log2(hz / 440.0)
    gain_db = rng.uniform(-4.0, 4.0) * octave
    for _ in range(rng.integers(0, 6)):
        bump = np.exp(-0.5 * ((octave - rng.uniform(-4.0, 4.5)) / rng.uniform(0.1, 1.0)) ** 2)
        gain_db += rng.normal(0.0, 6.0) * bump
    if rng.random() < 0.3:
        gain_db -= 12.0 * np.clip(np.log2(rng.uniform(60.0, 250.0) / hz), 0.0, 4.0)
    if rng.random() < 0.3:
        gain_db -= 18.0 * np.clip(np.log2(hz / rng.uniform(2500.0, 8000.0)), 0.0, 3.0)
    return np.interp(lines_hz, hz, 10.0 ** (np.clip(gain_db, -70.0, 24.0) / 20.0)).astype(np.float32)


def random_room(rng: np.random.Generator) -> Samples:
    """An impulse response: the direct sound, early reflections, and noise that dies away in 0.15-1.5 s."""
    decay_s = float(np.exp(rng.uniform(np.log(0.15), np.log(1.5))))
    count = int(min(decay_s, 0.95) * SAMPLE_RATE)
    time_s = np.arange(count) / SAMPLE_RATE
    tail = rng.normal(0.0, 1.0, count) * 10.0 ** (-3.0 * time_s / decay_s)
    tail[: int(rng.uniform(0.005, 0.03) * SAMPLE_RATE)] = 0.0
    tail *= 10.0 ** (rng.uniform(-20.0, 0.0) / 20.0) / max(float(np.sqrt((tail**2).sum())), 1e-9)
    for _ in range(rng.integers(0, 6)):
        tail[int(rng.uniform(0.001, 0.04) * SAMPLE_RATE)] += rng.normal(0.0, 0.3)
    tail[0] = 1.0
    return tail.astype(np.float32)


def add_noise(samples: Samples, ratio_db: float, rng: np.random.Generator) -> Samples:
    """Coloured noise, perhaps with hum, ``ratio_db`` below the signal's mean power."""
    count = len(samples)
    length = scipy.fft.next_fast_len(count, real=True)
    lines_hz = np.maximum(np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE), 20.0)
    spectrum = scipy.fft.rfft(rng.standard_normal(length, np.float32)) * lines_hz ** (-0.5 * rng.uniform(0.0, 2.2))
    noise = scipy.fft.irfft(spectrum, length)[:count]
    noise = noise / max(float(noise.std()), 1e-9)
    if rng.random() < 0.15:
        hum_hz = rng.choice([50.0, 60.0])
        for k in range(1, rng.integers(2, 7)):
            noise = noise + rng.uniform(0.1, 1.0) / k * np.sin(2 * np.pi * hum_hz * k * np.arange(count) / SAMPLE_RATE)
    if rng.random() < 0.3:
        # Noise that comes and goes: steps, traffic, rustling.
        knots = rng.uniform(0.1, 1.0, int(count / SAMPLE_RATE * 3) + 2)
        noise = noise * np.interp(np.arange(count), np.linspace(0, count, len(knots)), knots)
    level = float(np.sqrt(np.mean(samples**2))) * 10.0 ** (-ratio_db / 20.0)
    return np.asarray(samples + level / max(float(noise.std()), 1e-9) * noise, np.float32)


def band_pass(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    """Keep a band, with edges of a third octave, as a telephone does."""
    length = scipy.fft.next_fast_len(len(samples), real=True)
    lines_hz = np.maximum(np.fft.rfftfreq(length, 1.0 / SAMPLE_RATE), 1.0)
    low = np.clip(np.log2(lines_hz / low_hz) * 3.0 + 1.0, 0.0, 1.0)
    high = np.clip(np.log2(high_hz / lines_hz) * 3.0 + 1.0, 0.0, 1.0)
    gain = (low * high).astype(np.float32)
    return np.asarray(scipy.fft.irfft(scipy.fft.rfft(samples, length) * gain, length)[: len(samples)], np.float32)


def through_mp3(samples: Samples, kbit_s: float) -> Samples:
    """Encode as MP3 at about ``kbit_s`` a second and decode again."""
    import soundfile

    # libsndfile scales MPEG-2 rates, 8-160 kbit/s, to 1-0.
    file = io.BytesIO()
    level = float(np.clip((160.0 - kbit_s) / 152.0, 0.0, 1.0))
    soundfile.write(
        file,
        samples,
        SAMPLE_RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        compression_level=level,
        bitrate_mode="CONSTANT",
    )
    file.seek(0)
    decoded: Samples
    decoded, _ = soundfile.read(file, dtype="float32")
    out = np.zeros_like(samples)
    out[: len(decoded)] = decoded[: len(samples)]
    return out
