"""Modelled plucked strings, for instruments of which few recordings are free: partials that die away, in a body.

The partials of a string that is plucked at one place follow Fletcher and Rossing, "The Physics of Musical Instruments",
Springer 1998, chapters 2 and 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.instruments.constants import SAMPLE_RATE
from processors.notes import Notes

Samples = NDArray[np.float32]
Range = tuple[float, float]
PARTIALS = 40
INAUDIBLE = 1e-3
"""Of the loudest partial: weaker ones are left out."""
STROKE_S = (0.06, 0.13)
"""From one stroke of a tremolo to the next."""
TREMOLO_LEAST_S = 0.3


@dataclass(frozen=True, slots=True)
class Family:
    """Between what the instruments of a family differ.

    Attributes:
        courses: strings that are plucked together.
        tilt: how much weaker partials are as their number grows, an exponent.
        decay_s: of the lowest partial, to 1/e, of a string at middle C.
        duller_hz: partials far above die away sooner.
        body_hz: between which the resonances of the body lie.
        tremolo: share of instruments that repeat long notes.
    """

    courses: int
    tilt: Range
    decay_s: Range
    duller_hz: Range
    body_hz: Range
    tremolo: float


FAMILIES = {
    "banjo": Family(1, (0.6, 1.2), (0.12, 0.5), (1500.0, 5000.0), (250.0, 1500.0), 0.0),
    "guitar": Family(1, (0.9, 2.0), (0.8, 3.5), (700.0, 3500.0), (90.0, 900.0), 0.0),
    "mandolin": Family(2, (0.7, 1.4), (0.25, 1.1), (1500.0, 5000.0), (180.0, 1600.0), 0.5),
    "ukulele": Family(1, (1.3, 2.4), (0.2, 0.8), (600.0, 2500.0), (200.0, 1300.0), 0.05),
}


@dataclass(frozen=True, slots=True)
class Plucked:
    """One instrument and its player; sizes as in ``Family``, ``place`` of the pluck as a share of the string."""

    courses: int
    tilt: float
    decay_s: float
    duller_hz: float
    resonance_hz: NDArray[np.float64]
    resonance_width: NDArray[np.float64]
    resonance: NDArray[np.float64]
    place: float
    stiffness: float
    detune_cents: float
    pick: float
    tremolo: bool


def random_plucked(label: str, rng: np.random.Generator) -> Plucked:
    """An instrument of one of ``FAMILIES``, each of its kind."""
    family = FAMILIES[label]
    count = int(rng.integers(4, 9))
    return Plucked(
        courses=family.courses,
        tilt=rng.uniform(*family.tilt),
        decay_s=float(_between(family.decay_s, 1, rng)[0]),
        duller_hz=float(_between(family.duller_hz, 1, rng)[0]),
        resonance_hz=_between(family.body_hz, count, rng),
        resonance_width=rng.uniform(0.04, 0.25, count),
        resonance=rng.uniform(0.5, 4.0, count),
        place=rng.uniform(0.06, 0.4),
        stiffness=float(_between((1e-5, 2e-4), 1, rng)[0]),
        detune_cents=rng.uniform(1.0, 8.0),
        pick=rng.uniform(0.0, 0.25),
        tremolo=rng.random() < family.tremolo,
    )


def play_plucked(notes: Notes, length_s: float, instrument: Plucked, rng: np.random.Generator) -> Samples:
    """Notes on one instrument, mono float32 at ``SAMPLE_RATE``; strings ring a little after a note's end."""
    out = np.zeros(int(length_s * SAMPLE_RATE), np.float32)
    ring_s = float(_between((0.02, 1.5), 1, rng)[0])
    for onset_s, held_s, pitch, velocity in zip(
        notes.onset_s, notes.duration_s, notes.pitch, notes.velocity, strict=True
    ):
        for at_s, sounds_s in _strokes(float(onset_s), float(held_s), instrument, rng):
            start = int(at_s * SAMPLE_RATE)
            if start < len(out):
                note = _note(float(pitch), min(sounds_s + ring_s, length_s - at_s), instrument, rng)
                out[start : start + len(note)] += note[: len(out) - start] * np.float32(velocity / 127.0)
    return out


def _strokes(onset_s: float, held_s: float, instrument: Plucked, rng: np.random.Generator) -> list[tuple[float, float]]:
    """When a note is plucked, and for how long it then sounds."""
    if not instrument.tremolo or held_s < TREMOLO_LEAST_S:
        return [(onset_s, held_s)]
    step_s = rng.uniform(*STROKE_S)
    onsets_s = onset_s + np.arange(0.0, held_s, step_s)
    return [(float(at_s + abs(rng.normal(0.0, 0.004))), step_s) for at_s in onsets_s]


def _note(pitch: float, length_s: float, instrument: Plucked, rng: np.random.Generator) -> Samples:
    count = max(int(length_s * SAMPLE_RATE), 1)
    time_s = np.arange(count) / SAMPLE_RATE
    lowest_hz = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    note = np.zeros(count)
    for _ in range(instrument.courses):
        string_hz = lowest_hz * 2.0 ** (rng.normal(0.0, instrument.detune_cents) / 1200.0)
        number = np.arange(1, PARTIALS + 1)
        hz = string_hz * number * np.sqrt(1.0 + instrument.stiffness * number**2)
        number, hz = number[hz < 0.48 * SAMPLE_RATE], hz[hz < 0.48 * SAMPLE_RATE]
        place = np.clip(instrument.place + rng.normal(0.0, 0.02), 0.03, 0.5)
        strength = np.abs(np.sin(np.pi * number * place)) / number**instrument.tilt * _body(hz, instrument)
        decay_s = instrument.decay_s * (261.6 / string_hz) ** 0.5 / (1.0 + hz / instrument.duller_hz)
        phase = rng.uniform(0.0, 2.0 * np.pi, len(hz))
        for a, f, tau, p in zip(strength / strength.max(), hz, decay_s, phase, strict=True):
            audible_s = tau * np.log(max(a / INAUDIBLE, 1.0))
            heard = time_s[: int(min(audible_s * SAMPLE_RATE, count)) + 1]
            note[: len(heard)] += a * np.exp(-heard / tau) * np.sin(2.0 * np.pi * f * heard + p)
    note /= max(float(np.abs(note).max()), 1e-6)
    burst = rng.standard_normal(count) * np.exp(-time_s / rng.uniform(0.002, 0.012))
    note += instrument.pick * burst
    fade = min(600, count)
    note[-fade:] *= np.linspace(1.0, 0.0, fade)
    return np.asarray(note, np.float32)


def _between(limits: Range, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Random sizes, as often between 1 and 2 as between 2 and 4."""
    return np.asarray(np.exp(rng.uniform(np.log(limits[0]), np.log(limits[1]), count)))


def _body(hz: NDArray[np.float64], instrument: Plucked) -> NDArray[np.float64]:
    """Gain of the body at each partial: broad peaks over a floor."""
    octaves = np.log2(hz[:, None] / instrument.resonance_hz)
    peaks = instrument.resonance * np.exp(-0.5 * (octaves / instrument.resonance_width) ** 2)
    return np.asarray(0.3 + peaks.sum(axis=1))
