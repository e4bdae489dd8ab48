"""Passages of works, varied as players and arrangers would, to be rendered as training audio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from processors.midi import BadMusicError, read_midi
from processors.notes import Notes
from processors.training.performances import Player, perform, transpose

LOWEST, HIGHEST = 21, 108
PLAYER = Player(rubato=0.08, jitter_ms=12.0, rolled=0.08, dropped=0.0, added=0.0, wrong=0.0, ornaments=0.02)
HELD_OUT_EVERY = 20
"""One work in so many is kept for validation."""


def find_works(folder: Path) -> tuple[list[Path], list[Path]]:
    """The MIDI files below ``folder``, in order: those to train on and those held out."""
    files = sorted(folder.rglob("*.mid"))
    held = files[::HELD_OUT_EVERY]
    return [file for file in files if file not in set(held)], held


def random_passage(works: Sequence[Path], length_s: float, rng: np.random.Generator) -> Notes:
    """A passage of a random work in a random key and tempo, played with feeling; at least four notes."""
    while True:
        try:
            notes = read_midi(works[int(rng.integers(len(works)))].read_bytes())
        except BadMusicError:
            continue
        tempo = float(np.exp(rng.normal(0.0, 0.3)))
        start_s = rng.uniform(0.0, max(notes.end_s - length_s * tempo, 0.01))
        # 1.3: rubato may stretch or squeeze the passage.
        passage = transpose(notes.between(start_s, start_s + 1.3 * length_s * tempo), int(rng.integers(-7, 8)), tempo)
        if len(passage) < 4:
            continue
        played = _loudness(perform(passage, PLAYER, rng), rng)
        if rng.random() < 0.2:
            played = _double_octaves(played, rng)
        kept = (played.onset_s < length_s - 0.1) & (played.pitch >= LOWEST) & (played.pitch <= HIGHEST)
        if kept.sum() >= 4:
            return _no_overlaps(played, kept)


def _loudness(notes: Notes, rng: np.random.Generator) -> Notes:
    """Velocities around a level that swells, the top notes accented."""
    level = rng.uniform(30.0, 105.0)
    swell = rng.uniform(0.0, 15.0) * np.sin(2 * np.pi * (notes.onset_s / rng.uniform(4.0, 12.0) + rng.random()))
    accent = rng.uniform(0.0, 0.5) * (notes.pitch.astype(float) - 60.0)
    velocity = level + swell + accent + rng.normal(0.0, rng.uniform(2.0, 14.0), len(notes))
    return Notes.of(notes.onset_s, notes.pitch, notes.duration_s, np.clip(velocity, 12, 127))


def _double_octaves(notes: Notes, rng: np.random.Generator) -> Notes:
    """Some notes doubled an octave above or below: what sounds like a partial may be a note."""
    chosen = np.flatnonzero(rng.random(len(notes)) < rng.uniform(0.1, 0.6))
    moved = notes.pitch[chosen].astype(np.int64) + rng.choice([-12, 12], len(chosen))
    return Notes.of(
        np.append(notes.onset_s, notes.onset_s[chosen] + rng.normal(0.0, 0.004, len(chosen)).clip(-0.01, 0.01)),
        np.append(notes.pitch, np.clip(moved, 0, 127)),
        np.append(notes.duration_s, notes.duration_s[chosen]),
        np.append(notes.velocity, np.clip(notes.velocity[chosen] * rng.uniform(0.6, 1.1), 12, 127)),
    )


def _no_overlaps(notes: Notes, kept: np.ndarray) -> Notes:
    """Each key is released before it is struck again, and struck once within 40 ms."""
    ends: dict[int, int] = {}
    onset_s = np.maximum(notes.onset_s, 0.0)
    duration_s = np.maximum(notes.duration_s, 0.05)
    keep = kept.copy()
    for i in np.flatnonzero(kept).tolist():
        before = ends.get(int(notes.pitch[i]))
        if before is not None:
            gap_s = onset_s[i] - onset_s[before]
            if gap_s < 0.04:
                keep[i] = False
                continue
            duration_s[before] = min(duration_s[before], gap_s - 0.015)
        ends[int(notes.pitch[i])] = i
    return Notes.of(onset_s[keep], notes.pitch[keep], duration_s[keep], notes.velocity[keep])
