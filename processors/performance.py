"""Simulated performances: what playing, mishearing and transposing do to the notes of a score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .notes import Notes


@dataclass(frozen=True, slots=True)
class Disturbance:
    """How a simulated performance differs from its score.

    Attributes:
        transposition: semitones up; notes that leave MIDI's range are dropped.
        tempo_ratio: tempo of the performance over tempo of the score.
        dropped: share of the notes left out.
        inserted: wrong notes, as a share of the notes of the score.
        octave_errors: share of the notes that land an octave off.
        jitter_s: standard deviation of each onset, seconds.
    """

    transposition: int = 0
    tempo_ratio: float = 1.0
    dropped: float = 0.0
    inserted: float = 0.0
    octave_errors: float = 0.0
    jitter_s: float = 0.0


def perform(score: Notes, disturbance: Disturbance, rng: np.random.Generator) -> Notes:
    """Play ``score`` with the given disturbance; the first onset is at zero.

    Wrong notes fall at random times, within a fifth of a note of the score, so that they sit where music is.
    """
    kept = np.flatnonzero(rng.random(len(score)) >= disturbance.dropped)
    extra = rng.integers(0, len(score), round(disturbance.inserted * len(score)))
    source = np.concatenate([kept, extra])

    pitch = score.pitch[source].astype(np.int64) + disturbance.transposition
    octaves = rng.choice((-12, 0, 12), len(source), p=_octave_odds(disturbance.octave_errors))
    wrong_by = rng.integers(1, 8, len(extra)) * rng.choice((-1, 1), len(extra))
    pitch += octaves
    pitch[len(kept) :] += wrong_by

    onset_s = score.onset_s[source] / disturbance.tempo_ratio
    onset_s[len(kept) :] += rng.uniform(-0.2, 0.2, len(extra))
    onset_s += rng.normal(0.0, disturbance.jitter_s, len(source))
    playable = (pitch >= 0) & (pitch <= 127)
    if not playable.any():
        return Notes.of(np.empty(0), np.empty(0, np.uint8))
    onset_s = onset_s[playable] - onset_s[playable].min()
    return Notes.of(
        onset_s,
        pitch[playable],
        score.duration_s[source][playable] / disturbance.tempo_ratio,
        score.velocity[source][playable],
    )


def _octave_odds(share: float) -> tuple[float, float, float]:
    return share / 2, 1 - share, share / 2
