"""Additive synthesis of instruments that no SoundFont holds: stiff strings, voices and bowed strings with vibrato.

Each passage gets an instrument of its own, drawn at random: spectral tilt, inharmonicity, attack, decay, formants,
vibrato, tremolo, glides into the note, breath.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE

MAX_PARTIALS = 24
HIGHEST_HZ = 10_000.0


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument of sines.

    Attributes:
        stops: multiples of the pitch that sound together, as an organ's stops do; (1.0,) for all other instruments.
        colour_db: how each partial differs from the tilt.
        tilt_db: fall of the partials' level, dB an octave.
        odd_only: how far even partials are weakened, 0-1 (clarinets, stopped pipes).
        inharmonicity: B of a stiff string, f_k = k f sqrt(1 + B k^2), at MIDI pitch 60.
        attack_s, release_s: rise and fall of the envelope.
        decay_s: time constant of the fundamental's decay; 0 for sustained tones.
        vibrato_cents, vibrato_hz, tremolo: of sustained tones.
        glide_cents: how far below the pitch a tone begins; with ``legato``, of the way from the note before it.
        glide_s: time constant of that.
        legato: share of the interval from the note before that a tone slides through (portamento).
        bloom: how much later each partial than the one before it reaches its level, as a share of the attack.
        formants_hz: centres of resonances; empty for none.
        breath: level of noise in the tone.
        beating: depth of the slow beats of strings that are not quite in tune with each other.
        knock: level of the short noise of a hammer or a plectrum.
    """

    stops: tuple[float, ...]
    colour_db: tuple[float, ...]
    tilt_db: float
    odd_only: float
    inharmonicity: float
    attack_s: float
    release_s: float
    decay_s: float
    vibrato_cents: float
    vibrato_hz: float
    tremolo: float
    glide_cents: float
    formants_hz: tuple[float, ...]
    breath: float
    beating: float = 0.0
    knock: float = 0.0
    glide_s: float = 0.04
    legato: float = 0.0
    bloom: float = 0.0


def random_instrument(rng: np.random.Generator) -> Instrument:
    """Struck or plucked, or blown, bowed or sung, as chance has it."""
    kind = rng.random()
    if kind < 0.4:
        return random_struck(rng)
    if kind < 0.6:
        return random_sustained(rng)
    return random_wind(rng) if kind < 0.85 else random_organ(rng)


def _colour(rng: np.random.Generator) -> tuple[float, ...]:
    """The low partials differ the most: often the second is stronger than the first, and is no note of its own."""
    spread_db = rng.uniform(2.0, 9.0) * np.where(np.arange(MAX_PARTIALS) < 6, 1.0, 0.6)
    return tuple(rng.normal(0.0, spread_db).tolist())


def random_struck(rng: np.random.Generator) -> Instrument:
    """A piano, a harp, a guitar, or something between them."""
    return Instrument(
        stops=(1.0,),
        colour_db=_colour(rng),
        tilt_db=rng.uniform(4.0, 14.0),
        odd_only=rng.choice([0.0, 0.0, rng.uniform(0.0, 0.7)]),
        inharmonicity=10.0 ** rng.uniform(-4.5, -3.0),
        attack_s=rng.uniform(0.001, 0.008),
        release_s=rng.uniform(0.03, 0.4),
        decay_s=rng.uniform(0.3, 4.0),
        vibrato_cents=0.0,
        vibrato_hz=5.0,
        tremolo=0.0,
        glide_cents=0.0,
        formants_hz=(),
        breath=0.0,
        beating=rng.choice([0.0, rng.uniform(0.1, 0.6)]),
        knock=rng.choice([0.0, rng.uniform(0.02, 0.4)]),
    )


def random_sustained(rng: np.random.Generator) -> Instrument:
    """A wind instrument, a bowed string or a voice."""
    voice = rng.random() < 0.5
    return Instrument(
        stops=(1.0,),
        colour_db=_colour(rng),
        tilt_db=rng.uniform(3.0, 14.0),
        odd_only=rng.choice([0.0, 0.0, rng.uniform(0.3, 0.95)]),
        inharmonicity=0.0,
        attack_s=rng.uniform(0.01, 0.12),
        release_s=rng.uniform(0.03, 0.3),
        decay_s=0.0,
        vibrato_cents=rng.choice([0.0, rng.uniform(10.0, 40.0), rng.uniform(30.0, 90.0)]),
        vibrato_hz=rng.uniform(4.0, 7.5),
        tremolo=rng.uniform(0.0, 0.3),
        glide_cents=rng.choice([0.0, rng.uniform(20.0, 150.0)]),
        formants_hz=tuple(rng.uniform((250.0, 800.0, 2200.0), (900.0, 2200.0, 3400.0))) if voice else (),
        breath=rng.choice([0.0, rng.uniform(0.0, 0.05)]),
    )


def random_singer(rng: np.random.Generator) -> Instrument:
    """A trained voice: slow attacks, wide vibrato, notes that slide into each other, consonants of noise."""
    return replace(
        random_sustained(rng),
        tilt_db=rng.uniform(5.0, 14.0),
        odd_only=0.0,
        attack_s=rng.uniform(0.02, 0.18),
        release_s=rng.uniform(0.03, 0.2),
        vibrato_cents=rng.choice([rng.uniform(5.0, 40.0), rng.uniform(40.0, 130.0)]),
        vibrato_hz=rng.uniform(4.5, 6.8),
        tremolo=rng.uniform(0.0, 0.35),
        glide_cents=rng.choice([0.0, rng.uniform(20.0, 250.0)]),
        glide_s=rng.uniform(0.02, 0.09),
        legato=rng.choice([0.0, rng.uniform(0.1, 0.9)]),
        formants_hz=tuple(rng.uniform((250.0, 700.0, 2200.0), (900.0, 2000.0, 3400.0))),
        breath=rng.uniform(0.0, 0.04),
        knock=rng.choice([0.0, rng.uniform(0.02, 0.25)]),
    )


def random_wind(rng: np.random.Generator) -> Instrument:
    """A reed or a brass instrument: the tone grows brighter as it grows louder, and may take a tenth of a second."""
    return replace(
        random_sustained(rng),
        tilt_db=rng.uniform(3.0, 12.0),
        attack_s=rng.uniform(0.02, 0.15),
        vibrato_cents=rng.choice([0.0, 0.0, rng.uniform(5.0, 30.0)]),
        glide_cents=rng.choice([0.0, rng.uniform(10.0, 80.0)]),
        formants_hz=tuple(rng.uniform((350.0, 900.0), (900.0, 2500.0))) if rng.random() < 0.5 else (),
        bloom=rng.uniform(0.0, 0.3),
    )


def random_organ(rng: np.random.Generator) -> Instrument:
    """Pipes at the octave, the twelfth and two octaves above the 8-foot stop, as often as not."""
    above = [stop for stop in (2.0, 3.0, 4.0, 6.0, 8.0) if rng.random() < 0.45]
    return replace(
        random_sustained(rng),
        stops=(1.0, *above),
        tilt_db=rng.uniform(6.0, 18.0),
        attack_s=rng.uniform(0.005, 0.06),
        vibrato_cents=rng.choice([0.0, rng.uniform(2.0, 15.0)]),
        glide_cents=0.0,
        formants_hz=(),
    )


def synthesise(notes: Notes, length_s: float, instrument: Instrument, rng: np.random.Generator) -> NDArray[np.float32]:
    """Play ``notes``; mono float32 samples at ``SAMPLE_RATE``, peak 1 at the most."""
    samples = np.zeros(int(length_s * SAMPLE_RATE))
    formants_hz = np.array(instrument.formants_hz)
    for i in range(len(notes)):
        start = int(notes.onset_s[i] * SAMPLE_RATE)
        interval = float(notes.pitch[i - 1]) - float(notes.pitch[i]) if i and instrument.legato else 0.0
        played = replace(
            instrument,
            glide_cents=instrument.glide_cents - 100.0 * instrument.legato * interval,
            # Another vowel now and then.
            formants_hz=tuple(formants_hz * rng.uniform(0.8, 1.25, len(formants_hz))),
        )
        tone = _tone(int(notes.pitch[i]), float(notes.duration_s[i]), int(notes.velocity[i]), played, rng)
        end = min(start + len(tone), len(samples))
        if end > start:
            samples[start:end] += tone[: end - start]
    peak = float(np.abs(samples).max())
    return (samples / max(peak, 1e-9) * 0.7).astype(np.float32)


def _tone(
    pitch: int, duration_s: float, velocity: int, instrument: Instrument, rng: np.random.Generator
) -> NDArray[np.float64]:
    count = int((duration_s + instrument.release_s) * SAMPLE_RATE)
    time_s = np.arange(count) / SAMPLE_RATE
    base_hz = 440.0 * 2.0 ** ((pitch - 69) / 12.0)
    cents = _bend(time_s, instrument, rng)
    phase = np.cumsum(base_hz * np.exp2(cents / 1200.0)) * (2.0 * np.pi / SAMPLE_RATE)
    partials = int(np.clip(HIGHEST_HZ / base_hz, 1, MAX_PARTIALS))
    k = np.arange(1, partials + 1)
    stiffness = instrument.inharmonicity * 2.0 ** ((pitch - 60) / 12.0)
    stretch = k * np.sqrt(1.0 + stiffness * k**2)
    softer = (127 - velocity) / 127.0
    level_db = -(instrument.tilt_db + 8.0 * softer) * np.log2(k) + np.array(instrument.colour_db[:partials])
    level_db += rng.normal(0.0, 2.0, partials)
    for centre_hz in instrument.formants_hz:
        level_db = level_db + 12.0 * np.exp(-0.5 * (np.log2(k * base_hz / centre_hz) / 0.3) ** 2)
    amplitude = 10.0 ** (level_db / 20.0)
    amplitude[1::2] *= 1.0 - instrument.odd_only
    # Higher notes and higher partials die sooner.
    decay_s = instrument.decay_s * 2.0 ** ((60 - pitch) / 18.0)
    rate = (1.0 + 0.35 * (k - 1)) / decay_s if instrument.decay_s else np.zeros(partials)
    tone = np.zeros(count)
    for stop in instrument.stops:
        heard = stretch * stop * base_hz < HIGHEST_HZ
        start = rng.uniform(0.0, 2.0 * np.pi, partials)
        level = rng.uniform(0.4, 1.0) if len(instrument.stops) > 1 else 1.0
        partial_s = instrument.bloom * instrument.attack_s * k
        tone += _partials(
            phase,
            time_s,
            (stretch * stop)[heard],
            level * amplitude[heard],
            rate[heard],
            start[heard],
            partial_s[heard],
        )
    if instrument.beating:
        beat_hz = rng.uniform(0.2, 2.5)
        tone *= 1.0 + instrument.beating * np.cos(2.0 * np.pi * (beat_hz * time_s + rng.random()))
    if instrument.knock:
        tone += instrument.knock * np.exp(-time_s / rng.uniform(0.003, 0.03)) * rng.normal(0.0, 1.0, count)
    if instrument.breath:
        tone += instrument.breath * rng.normal(0.0, 1.0, count)
    envelope = np.minimum(1.0, time_s / instrument.attack_s)
    ending = np.clip((duration_s + instrument.release_s - time_s) / instrument.release_s, 0.0, 1.0)
    shake = 1.0 + instrument.tremolo * np.sin(2.0 * np.pi * instrument.vibrato_hz * time_s)
    return np.asarray(tone * envelope * ending**2 * shake * (velocity / 127.0) ** 1.5)


def _bend(time_s: NDArray[np.float64], instrument: Instrument, rng: np.random.Generator) -> NDArray[np.float64]:
    """Deviation from the pitch over the tone, cents."""
    cents = -instrument.glide_cents * np.exp(-time_s / instrument.glide_s)
    if instrument.vibrato_cents:
        rise = np.clip(time_s / rng.uniform(0.05, 0.5), 0.0, 1.0)
        hz = instrument.vibrato_hz * rng.uniform(0.93, 1.07)
        cents = cents + rise * instrument.vibrato_cents * np.sin(2.0 * np.pi * (hz * time_s + rng.random()))
    return cents + rng.normal(0.0, 4.0)


@numba.njit(cache=True, fastmath=True)
def _partials(
    phase: NDArray[np.float64],
    time_s: NDArray[np.float64],
    stretch: NDArray[np.float64],
    amplitude: NDArray[np.float64],
    rate: NDArray[np.float64],
    start: NDArray[np.float64],
    rise_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    out = np.zeros(len(phase))
    step_s = time_s[1] - time_s[0] if len(time_s) > 1 else 0.0
    for k in range(len(stretch)):
        fall = np.exp(-rate[k] * step_s)
        missing, nearer = 1.0, np.exp(-step_s / max(rise_s[k], 1e-6))
        level = amplitude[k]
        for i in range(len(phase)):
            missing *= nearer
            out[i] += level * (1.0 - missing) * np.sin(stretch[k] * phase[i] + start[k])
            level *= fall
    return out
