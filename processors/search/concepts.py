"""Concepts: what words say of music, and how far each holds of a piece; the first half of a work's vector.

A concept's degree runs from 0 to 1. Vectors hold its logarithm, so that the inner product with a query that asks for
several concepts orders works by the product of their degrees: a work has to fulfil them all. What is not known of a
piece counts as halfway. Shares of intervals, rhythms and pitches follow, for music that is searched by music.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.parts import INSTRUMENTS

from .facts import Facts

VERSION = 1
"""Goes up with any change to what vectors hold: then they cannot be compared with older ones."""
WINDS = frozenset(
    {"flute", "recorder", "oboe", "clarinet", "bassoon", "saxophone", "horn", "trumpet", "trombone", "tuba"}
)
BOWED = frozenset({"violin", "viola", "cello", "bass", "strings"})
BRASS = frozenset({"horn", "trumpet", "trombone", "tuba"})
KEYS = frozenset({"piano", "harpsichord", "organ"})
CHOIR_PARTS = 3
ORCHESTRA_INSTRUMENTS = 6
LEAST_DEGREE = 0.02
"""Lesser degrees count as this much."""
SHARES_WEIGHT = 0.5
TEMPI_BPM = (40, 52, 66, 80, 96, 112, 132, 160, 200)
TEMPO_WIDTH = 0.3
"""Of a tempo in numbers, octaves."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept.

    Attributes:
        kind: such as ``tempo`` or ``plays``.
        value: which of the kind, such as "slow" or "cello".
    """

    kind: str
    value: str


def degree(concept: Concept, facts: Facts) -> float | None:
    """How far a concept holds of a piece, 0 to 1; None where it is not known."""
    if concept.kind in _BY_PARTS and not facts.parts:
        return None
    if (concept.kind in ("tempo", "bpm") and facts.tempo_bpm is None) or (
        concept.kind == "metre" and facts.beats_per_bar is None
    ):
        return None
    return _DEGREES[concept.kind](concept.value, facts)


def music_vector(facts: Facts) -> NDArray[np.float32]:
    """A piece's concepts and shares: a unit vector, float32 [MUSIC]."""
    known = [degree(concept, facts) for concept in CONCEPTS]
    concepts = [0.0 if one is None else 0.5 + np.log(max(one, LEAST_DEGREE)) / _LONGEST for one in known]
    shares = (facts.intervals, facts.gaps, facts.gap_ratios, facts.pitches)
    values = np.concatenate((concepts, SHARES_WEIGHT * np.sqrt(np.concatenate(shares)))) / _NORM
    # what is left to the length of 1 goes into a component that no query asks for
    return np.append(values, np.sqrt(max(0.0, 1.0 - float(values @ values)))).astype(np.float32)


def degrees_of(vector: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The degrees that ``music_vector`` was made of, float32 [concepts], and which of them are known."""
    logarithm = vector[: len(CONCEPTS)] * np.float32(_NORM)
    return np.exp((logarithm - 0.5) * _LONGEST).astype(np.float32), logarithm != 0.0


def _rises(value: float, middle: float, width: float) -> float:
    return float(1.0 / (1.0 + np.exp(-np.clip((value - middle) / width, -30.0, 30.0))))


def _plays(value: str, facts: Facts) -> float:
    return float(value in facts.instruments)


def _kinds(value: str, facts: Facts) -> float:
    return float(str(min(len(facts.instruments), 3)) == value)


def _ensemble(value: str, facts: Facts) -> float:
    names = facts.instruments
    voices = sum(part.name == "voice" for part in facts.parts)
    truth = {
        "choir": names == {"voice"} and voices >= CHOIR_PARTS,
        "choir and organ": names == {"voice", "organ"} and voices >= CHOIR_PARTS,
        "string ensemble": names <= BOWED and len(names) > 1,
        "string quartet": names == {"violin", "viola", "cello"} and len(facts.parts) == 4,
        "wind ensemble": names <= WINDS and len(facts.parts) > 1,
        "orchestra": len(names) >= ORCHESTRA_INSTRUMENTS,
        "voices and instruments": "voice" in names and len(names) >= 4,
        "unaccompanied": len(facts.parts) == 1 and not names & KEYS,
        "any winds": bool(names & WINDS),
        "any strings": bool(names & BOWED),
        "any brass": bool(names & BRASS),
        "no voice": "voice" not in names,
    }
    return float(truth[value])


def _tempo(value: str, facts: Facts) -> float:
    octave = np.log2(facts.tempo_bpm or 1.0)
    if value == "slow":
        return _rises(np.log2(74.0) - octave, 0.0, 0.04)
    if value == "fast":
        return _rises(octave - np.log2(126.0), 0.0, 0.04)
    return _rises(octave - np.log2(80.0), 0.0, 0.04) * _rises(np.log2(118.0) - octave, 0.0, 0.04)


def _bpm(value: str, facts: Facts) -> float:
    return float(np.exp(-((np.log2((facts.tempo_bpm or 1.0) / float(value)) / TEMPO_WIDTH) ** 2)))


def _mode(value: str, facts: Facts) -> float:
    minor = _rises(float(facts.key_fit[12:].max() - facts.key_fit[:12].max()), 0.0, 0.03)
    return minor if value == "minor" else 1.0 - minor


def _key(value: str, facts: Facts) -> float:
    number = int(value)
    return _rises(float(facts.key_fit[number] - np.delete(facts.key_fit, number).max()), -0.02, 0.02)


def _texture(value: str, facts: Facts) -> float:
    size = float(facts.chord_sizes @ np.arange(1, 7))
    if value == "single line":
        return _rises(1.12 - size, 0.0, 0.02)
    if value == "chordal":
        return _rises(float(facts.chord_sizes[2:].sum()), 0.5, 0.04)
    return _rises(size, 1.2, 0.05) * _rises(2.0 - size, 0.0, 0.06)


def _metre(value: str, facts: Facts) -> float:
    beats = facts.beats_per_bar
    truth = {
        "triple": beats == 3 and not facts.compound,
        "compound": facts.compound,
        "duple": beats == 2 and not facts.compound,
        "quadruple": beats == 4 and not facts.compound,
    }
    return float(truth[value])


def _register(value: str, facts: Facts) -> float:
    return _rises(facts.mean_pitch, 69.0, 1.0) if value == "high" else _rises(54.0 - facts.mean_pitch, 0.0, 1.0)


def _density(value: str, facts: Facts) -> float:
    octave = float(np.log2(facts.onsets_per_s + 1e-3))
    return _rises(octave - np.log2(5.0), 0.0, 0.1) if value == "busy" else _rises(np.log2(1.7) - octave, 0.0, 0.1)


def _length(value: str, facts: Facts) -> float:
    octave = float(np.log2(facts.length_s + 1.0))
    return _rises(np.log2(55.0) - octave, 0.0, 0.06) if value == "short" else _rises(octave - np.log2(260.0), 0.0, 0.06)


def _harmony(value: str, facts: Facts) -> float:
    return _rises(facts.outside, 0.14, 0.01) if value == "chromatic" else _rises(0.02 - facts.outside, 0.0, 0.004)


_BY_PARTS = ("plays", "kinds", "ensemble")
_DEGREES: dict[str, Callable[[str, Facts], float]] = {
    "plays": _plays,
    "kinds": _kinds,
    "ensemble": _ensemble,
    "tempo": _tempo,
    "bpm": _bpm,
    "mode": _mode,
    "key": _key,
    "texture": _texture,
    "metre": _metre,
    "register": _register,
    "density": _density,
    "length": _length,
    "harmony": _harmony,
}
_VALUES: dict[str, tuple[str, ...]] = {
    "plays": INSTRUMENTS,
    "kinds": ("1", "2", "3"),
    "ensemble": (
        "choir",
        "choir and organ",
        "string ensemble",
        "string quartet",
        "wind ensemble",
        "orchestra",
        "voices and instruments",
        "unaccompanied",
        "any winds",
        "any strings",
        "any brass",
        "no voice",
    ),
    "tempo": ("slow", "moderate", "fast"),
    "bpm": tuple(str(tempo) for tempo in TEMPI_BPM),
    "mode": ("major", "minor"),
    "key": tuple(str(number) for number in range(24)),
    "texture": ("single line", "two voices", "chordal"),
    "metre": ("triple", "compound", "duple", "quadruple"),
    "register": ("high", "low"),
    "density": ("busy", "sparse"),
    "length": ("short", "long"),
    "harmony": ("chromatic", "diatonic"),
}
CONCEPTS: tuple[Concept, ...] = tuple(Concept(kind, value) for kind, values in _VALUES.items() for value in values)
SHARES = 25 + 10 + 9 + 16
MUSIC = len(CONCEPTS) + SHARES + 1
"""Components of a work's vector that say how it is made."""
_LONGEST = -float(np.log(LEAST_DEGREE))
_NORM = float(np.sqrt(0.25 * len(CONCEPTS) + 4 * SHARES_WEIGHT**2))
