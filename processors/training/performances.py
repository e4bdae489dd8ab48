"""Performances simulated from scores, and what can go wrong with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from processors.notes import Notes


@dataclass(frozen=True, slots=True)
class Player:
    """How a simulated player differs from the score.

    Attributes:
        rubato: standard deviation of the local tempo's logarithm.
        jitter_ms: standard deviation of each note's onset around its group.
        rolled: share of chords that are played as arpeggios.
        dropped, added: shares of notes that are left out and put in.
        wrong: share of notes struck a semitone or two off.
        octaves: share of notes heard an octave off, as transcription does.
        ornaments: share of notes that get a grace note or a short trill.
    """

    rubato: float = 0.12
    jitter_ms: float = 10.0
    rolled: float = 0.04
    dropped: float = 0.03
    added: float = 0.02
    wrong: float = 0.01
    octaves: float = 0.0
    ornaments: float = 0.015


PIANIST = Player()
TRANSCRIPT = Player(dropped=0.10, added=0.10, jitter_ms=20.0, octaves=0.02)
BAD_TRANSCRIPT = Player(dropped=0.30, added=0.30, jitter_ms=30.0, octaves=0.05)


def perform(notes: Notes, player: Player, rng: np.random.Generator) -> Notes:
    """Play ``notes`` as ``player`` would; the result starts near zero."""
    onset_s = _bend(notes.onset_s, player.rubato, rng)
    played = Notes.of(onset_s, notes.pitch, notes.duration_s, notes.velocity)
    return disturb(_ornament(_roll(played, player.rolled, rng), player.ornaments, rng), player, rng)


def disturb(notes: Notes, player: Player, rng: np.random.Generator) -> Notes:
    """Jitter, drop, mistake and add notes, leaving tempo and ornaments as they are."""
    count = len(notes)
    kept = rng.random(count) >= player.dropped
    onset_s = notes.onset_s[kept] + rng.normal(0.0, player.jitter_ms / 1000.0, int(kept.sum()))
    pitch = notes.pitch[kept].astype(np.int64)
    slip = rng.random(len(pitch)) < player.wrong
    pitch = pitch + np.where(slip, rng.choice([-2, -1, 1, 2], len(pitch)), 0)
    jump = rng.random(len(pitch)) < player.octaves
    pitch = pitch + np.where(jump, rng.choice([-12, 12], len(pitch)), 0)
    extra = rng.binomial(count, player.added) if count else 0
    duration_s, velocity = notes.duration_s[kept], notes.velocity[kept]
    if extra:
        source = rng.integers(0, count, extra)
        onset_s = np.append(onset_s, rng.uniform(notes.onset_s[0], notes.onset_s[-1] + 1e-6, extra))
        pitch = np.append(pitch, notes.pitch[source] + rng.integers(-7, 8, extra))
        duration_s = np.append(duration_s, notes.duration_s[source])
        velocity = np.append(velocity, notes.velocity[source])
    return Notes.of(np.maximum(onset_s, 0.0), np.clip(pitch, 21, 108), duration_s, velocity)


def transpose(notes: Notes, semitones: int, tempo_ratio: float) -> Notes:
    """Notes in another key, ``tempo_ratio`` times as fast; those that leave the MIDI range are dropped."""
    pitch = notes.pitch.astype(np.int64) + semitones
    kept = (pitch >= 0) & (pitch <= 127)
    return Notes(
        notes.onset_s[kept] / tempo_ratio,
        notes.duration_s[kept] / tempo_ratio,
        pitch[kept].astype(np.uint8),
        notes.velocity[kept],
    )


def melody_line(notes: Notes, together_ms: float = 30.0) -> Notes:
    """The highest note of each onset group."""
    kept: list[int] = []
    for i in range(len(notes)):
        if kept and notes.onset_s[i] - notes.onset_s[kept[-1]] <= together_ms / 1000.0:
            if notes.pitch[i] > notes.pitch[kept[-1]]:
                kept[-1] = i
        else:
            kept.append(i)
    chosen = np.array(kept, np.int64)
    return Notes(notes.onset_s[chosen], notes.duration_s[chosen], notes.pitch[chosen], notes.velocity[chosen])


def _bend(onset_s: np.ndarray, rubato: float, rng: np.random.Generator) -> np.ndarray:
    """Stretch time by a tempo that wanders around 1 and comes back."""
    gaps = np.diff(onset_s, prepend=onset_s[:1])
    tempo = np.empty(len(gaps))
    level = rng.normal(0.0, rubato)
    steps = rng.normal(0.0, 1.0, len(gaps))
    for i, gap in enumerate(gaps):
        memory = np.exp(-gap / 2.0)
        level = level * memory + rubato * np.sqrt(1.0 - memory**2) * steps[i]
        tempo[i] = level
    return np.cumsum(gaps * np.exp(tempo))


def _roll(notes: Notes, rolled: float, rng: np.random.Generator) -> Notes:
    onset_s = notes.onset_s.copy()
    starts = np.flatnonzero(np.diff(onset_s, prepend=-1.0) > 0.005)
    for start, end in zip(starts, np.append(starts[1:], len(onset_s)), strict=True):
        if end - start >= 3 and rng.random() < rolled:
            onset_s[start:end] += np.arange(end - start) * rng.uniform(0.03, 0.08)
    return Notes.of(onset_s, notes.pitch, notes.duration_s, notes.velocity)


def _ornament(notes: Notes, ornaments: float, rng: np.random.Generator) -> Notes:
    chosen = np.flatnonzero(rng.random(len(notes)) < ornaments)
    if not len(chosen):
        return notes
    onset_s, pitch = [notes.onset_s], [notes.pitch.astype(np.int64)]
    for i in chosen:
        step = int(rng.integers(1, 3))
        if rng.random() < 0.5:
            onset_s.append(np.array([notes.onset_s[i] - 0.08]))
            pitch.append(np.array([int(notes.pitch[i]) + step]))
        else:
            turns = int(rng.integers(2, 6))
            onset_s.append(notes.onset_s[i] + 0.09 * np.arange(1, turns + 1))
            pitch.append(int(notes.pitch[i]) + step * (np.arange(1, turns + 1) % 2))
    added = sum(len(part) for part in onset_s[1:])
    return Notes.of(
        np.maximum(np.concatenate(onset_s), 0.0),
        np.clip(np.concatenate(pitch), 0, 127),
        np.append(notes.duration_s, np.full(added, 0.08)),
        np.append(notes.velocity, np.full(added, 60)),
    )
