"""What one instrument plays in a stem: a part of a passage, or single notes in many articulations."""

from __future__ import annotations

import numpy as np

from processors.notes import Notes
from processors.training.performances import melody_line

from .programs import CYMBAL_KEYS, DRUM_KEYS, OTHER_KEYS, Playing, Program

LEAST_NOTES = 2
DENSE = 14
"""Of a polyphonic part no more notes a second are kept."""


def parts_of(notes: Notes, count: int) -> list[Notes]:
    """The passage as ``count`` parts: the top line, the top line of the rest, ...; the last has all that is left."""
    parts = []
    for _ in range(count - 1):
        line = melody_line(notes)
        taken = set(zip(line.onset_s.tolist(), line.pitch.tolist(), strict=True))
        rest = np.array(
            [key not in taken for key in zip(notes.onset_s.tolist(), notes.pitch.tolist(), strict=True)], bool
        )
        parts.append(line)
        notes = _chosen(notes, rest)
        if len(notes) < LEAST_NOTES:
            break
    return [*parts, notes] if len(notes) >= LEAST_NOTES else parts


def in_range(notes: Notes, program: Program, alone: bool, rng: np.random.Generator) -> Notes:
    """A part moved by octaves into the range of an instrument, one note at a time if it plays ``alone``."""
    line = melody_line(notes) if alone else notes
    middle = rng.uniform(0.75 * program.lowest + 0.25 * program.highest, 0.4 * program.lowest + 0.6 * program.highest)
    octaves = round((middle - float(np.median(line.pitch))) / 12.0)
    pitch = line.pitch.astype(np.int64) + 12 * octaves
    fits = (pitch >= program.lowest) & (pitch <= program.highest)
    if not alone and len(line) > DENSE * max(line.end_s, 1.0):
        fits &= rng.random(len(line)) < DENSE * line.end_s / len(line)
    moved = Notes.of(line.onset_s, np.clip(pitch, 0, 127), line.duration_s, line.velocity)
    return _chosen(moved, fits)


def single_notes(playing: Playing, program: Program, length_s: float, rng: np.random.Generator) -> Notes:
    """One to five notes anywhere in the range: long, short, trilled, repeated."""
    rows: list[tuple[float, float, int, int]] = []
    time_s = rng.uniform(0.0, 0.6)
    for _ in range(int(rng.integers(1, 6))):
        pitch = int(rng.integers(program.lowest, program.highest + 1))
        velocity = int(np.clip(rng.normal(75.0, 28.0), 15, 127))
        held_s = float(np.exp(rng.uniform(np.log(0.12), np.log(4.0))))
        kind = rng.random()
        if kind < 0.12:  # a trill
            step_s, other = rng.uniform(0.06, 0.14), pitch + int(rng.integers(1, 3))
            count = max(int(held_s / step_s), 3)
            rows += [(time_s + k * step_s, step_s, pitch if k % 2 == 0 else other, velocity) for k in range(count)]
        elif kind < 0.22:  # the same note again and again
            step_s = rng.uniform(0.05, 0.3)
            rows += [(time_s + k * step_s, 0.9 * step_s, pitch, velocity) for k in range(max(int(held_s / step_s), 2))]
        elif kind < 0.3 and not playing.alone:  # a chord
            rows += [(time_s, held_s, pitch + interval, velocity) for interval in (0, 4, 7, 12)[: rng.integers(2, 5)]]
        else:
            rows.append((time_s, held_s, pitch, velocity))
        time_s += held_s + (rng.uniform(0.0, 0.8) if rng.random() < 0.6 else 0.0)
        if time_s > length_s - 0.3:
            break
    onset, held, pitches, velocities = (np.array(column) for column in zip(*rows, strict=True))
    return Notes.of(onset, np.clip(pitches, 0, 127).astype(np.int64), held, velocities.astype(np.int64))


def beats_on(kind: str, length_s: float, rng: np.random.Generator) -> Notes:
    """Something for a drum set.

    Args:
        kind: ``drums``, ``cymbals``, ``both``, or ``other`` for what is no label.
    """
    beat_s = rng.uniform(0.1, 0.4)
    count = int(length_s / beat_s)
    rows: list[tuple[float, int, int]] = []
    if rng.random() < 0.3 and kind != "both":  # a few single strokes
        key = int(rng.choice(_keys(kind)))
        rows = [(float(t), key, int(rng.integers(30, 127))) for t in rng.uniform(0.0, length_s, rng.integers(1, 6))]
    else:
        groups = ["drums", "cymbals"] if kind == "both" else [kind]
        for group in groups:
            for key in rng.choice(_keys(group), rng.integers(1, 4), replace=False):
                hits = rng.random(count) < rng.uniform(0.15, 0.8)
                rows += [(k * beat_s, int(key), int(rng.integers(30, 120))) for k in np.flatnonzero(hits)]
        if not rows:
            rows = [(0.0, int(rng.choice(_keys(groups[0]))), 90)]
    onset, pitch, velocity = (np.array(column) for column in zip(*rows, strict=True))
    onset = np.maximum(onset + rng.normal(0.0, 0.008, len(onset)), 0.0)
    return Notes.of(onset, pitch.astype(np.int64), np.full(len(onset), 0.2), velocity.astype(np.int64))


def _keys(kind: str) -> tuple[int, ...]:
    return {"drums": DRUM_KEYS, "cymbals": CYMBAL_KEYS, "other": OTHER_KEYS}[kind]


def _chosen(notes: Notes, which: np.ndarray) -> Notes:
    return Notes(notes.onset_s[which], notes.duration_s[which], notes.pitch[which], notes.velocity[which])
