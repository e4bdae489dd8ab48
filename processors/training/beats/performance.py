"""Performances of scores as a person would play them, with the beats that come along.

Stronger than what recognition is trained with (``processors.training.performances``): in classical piano playing the
tempo moves by a third within a phrase, and that is what makes beats hard.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from processors.identify.compiled import compiled
from processors.notes import Notes
from processors.training.performances import Player, disturb, melody_line

from .works import BeatWork

GRID_BEATS = 0.25
"""The tempo is drawn so finely."""
LABEL_S = 0.070
"""The cluster nearest to a beat is its label, if it is this near: the tolerance of the measure."""


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Notes as played, and the beats.

    Attributes:
        notes: what was played.
        beat_s: float64 [beats].
        position: int64 [beats], 0 is the downbeat.
    """

    notes: Notes
    beat_s: NDArray[np.float64]
    position: NDArray[np.int64]


def perform_work(work: BeatWork, rng: np.random.Generator) -> Performance:
    """Play a work once, never twice the same."""
    notes, beat_s = work.notes, work.beat_s
    if work.played:
        ratio = float(np.exp(rng.normal(0.0, 0.15)))
        notes = Notes(notes.onset_s / ratio, notes.duration_s / ratio, notes.pitch, notes.velocity)
        beat_s = beat_s / ratio
        freedom = 0.0 if rng.random() < 0.6 else rng.uniform(0.0, 0.5)
    else:
        freedom = 0.1 if rng.random() < 0.15 else rng.uniform(0.2, 1.4)
    grid_s, warped_s = _warp(beat_s, work.position, float(notes.end_s), freedom, not work.played, rng)
    onset = np.interp(notes.onset_s, grid_s, warped_s)
    end = np.interp(notes.onset_s + notes.duration_s, grid_s, warped_s)
    played = Notes.of(onset, notes.pitch, end - onset, notes.velocity)
    beat_s = np.interp(beat_s, grid_s, warped_s)
    if not work.played:
        played = _touch(played, freedom, rng)
    played = _dynamics(played, beat_s, work.position, work.played, rng)
    return Performance(_spoil(_transposed(played, rng), rng), beat_s, work.position)


def label_frames(
    time_s: NDArray[np.float64], beat_s: NDArray[np.float64], position: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What the network should say of each frame.

    Returns:
        float32 [frames, 2]: whether it is a beat, and a downbeat; float32 [frames, 2]: how much each counts. A frame
        near a beat that another frame answers for counts little: to call it a beat is no grave mistake.
    """
    target = np.zeros((len(time_s), 2), np.float32)
    weight = np.ones((len(time_s), 2), np.float32)
    if not len(time_s) or not len(beat_s):
        return target, weight
    right = np.clip(np.searchsorted(time_s, beat_s), 1, max(len(time_s) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(time_s) - 1)
    nearest = np.where(np.abs(time_s[left] - beat_s) <= np.abs(time_s[right] - beat_s), left, right)
    hit = np.abs(time_s[nearest] - beat_s) <= LABEL_S
    down = position == 0
    for column, chosen in enumerate((hit, hit & down)):
        lines = beat_s if column == 0 else beat_s[down]
        if len(lines):
            k = np.clip(np.searchsorted(lines, time_s), 1, max(len(lines) - 1, 1))
            away = np.minimum(np.abs(time_s - lines[k - 1]), np.abs(time_s - lines[np.minimum(k, len(lines) - 1)]))
            weight[away <= LABEL_S, column] = 0.2
        target[nearest[chosen], column] = 1.0
        weight[nearest[chosen], column] = 1.0
    return target, weight


def beat_context(
    time_s: NDArray[np.float64], beat_s: NDArray[np.float64], position: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Second tasks that help training: at each frame the beat's length, float32 [frames] in seconds, 0 outside of the
    beats, and the beats in its bar, int64 [frames].
    """
    k = np.searchsorted(beat_s, time_s + 1e-6) - 1
    inside = (k >= 0) & (k < len(beat_s) - 1)
    k = np.clip(k, 0, len(beat_s) - 2)
    length = np.where(inside, np.diff(beat_s)[k], 0.0)
    bar = np.zeros(len(beat_s), np.int64)
    starts = np.append(np.flatnonzero(position == 0), len(position))
    for a, b in pairwise(starts.tolist()):
        bar[a:b] = b - a
    if len(starts) > 1:
        bar[: starts[0]] = bar[starts[0]]
        if len(starts) > 2:
            bar[starts[-2] :] = bar[starts[-3]]
    return length.astype(np.float32), bar[k]


def _warp(
    beat_s: NDArray[np.float64],
    position: NDArray[np.int64],
    end_s: float,
    freedom: float,
    free_tempo: bool,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Written times, in order, and the played time of each."""
    beats = np.arange(-8.0, len(beat_s) + 8.0, GRID_BEATS)
    index = np.arange(len(beat_s))
    steps = np.diff(beat_s)
    grid_s = np.interp(beats, index, beat_s)
    grid_s += np.minimum(beats, 0.0) * steps[0] + np.maximum(beats - index[-1], 0.0) * steps[-1]
    grid_s = np.maximum.accumulate(np.append(grid_s, max(end_s, grid_s[-1]) + 10.0))
    gaps = np.diff(grid_s)
    slowness = freedom * _tempo_curve(gaps, beats, int(position.max()) + 1, rng)
    if free_tempo:
        slowness += rng.normal(0.0, 0.25)
        usual = float(np.median(steps))
        # Written tempi are often the editor's default; very slow and very fast ones are drawn nearer to a walk.
        slowness -= 0.4 * np.log(usual / 0.6) * rng.random()
    length = gaps * np.exp(slowness)
    holds = rng.random(len(length)) < 0.004 * freedom
    length += np.where(holds, rng.uniform(0.1, 0.9, len(length)), 0.0)
    return grid_s, np.concatenate([[0.0], np.cumsum(length)])


def _tempo_curve(
    gaps: NDArray[np.float64], beats: NDArray[np.float64], bar: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The logarithm of how much slower than the mean, for freedom 1: wandering, phrases, and new tempi."""
    count = len(gaps)
    curve = np.zeros(count)
    for memory_s, size in ((0.6, 0.06), (3.0, 0.10), (20.0, 0.12)):
        keep = np.exp(-gaps / memory_s)
        curve += _wander(keep, rng.normal(0.0, size, count) * np.sqrt(1.0 - keep**2), rng.normal(0.0, size))
    place = beats[:count]
    phrase = bar * int(rng.choice([2, 4, 4, 8]))
    phase = (place / phrase + rng.choice([0.0, 0.0, 0.5])) % 1.0
    curve += rng.uniform(0.0, 0.30) * (2.0 * phase - 1.0) ** 4 * np.where(phase > 0.5, 1.0, 0.5)
    if rng.random() < 0.3:
        # The beat before a downbeat broadened, or a waltz's second beat early: the same way throughout a piece.
        habit = rng.normal(0.0, 0.08, bar)
        curve += (habit - habit.mean())[(np.floor(place).astype(np.int64)) % bar]
    for _ in range(int(rng.poisson(count * GRID_BEATS / 250.0))):
        at = int(rng.integers(0, count))
        curve[at:] += rng.normal(0.0, 0.35)
    last = beats[-1] - 8.0
    curve += rng.uniform(0.0, 0.5) * np.clip(1.0 - (last - place) / (1.5 * bar), 0.0, 1.0)
    return curve


@compiled
def _wander(keep: NDArray[np.float64], steps: NDArray[np.float64], level: float) -> NDArray[np.float64]:
    curve = np.empty(len(steps))
    for i in range(len(steps)):
        level = level * keep[i] + steps[i]
        curve[i] = level
    return curve


def _touch(notes: Notes, freedom: float, rng: np.random.Generator) -> Notes:
    """How two hands play together: chords spread and rolled, melody ahead, hands apart, grace notes."""
    onset = notes.onset_s.copy()
    pitch = notes.pitch.astype(np.float64)
    starts = np.flatnonzero(np.diff(onset, prepend=-1.0) > 0.002)
    sizes = np.diff(np.append(starts, len(onset)))
    group = np.repeat(np.arange(len(starts)), sizes)
    top = np.maximum.reduceat(pitch, starts)[group]
    bottom = np.minimum.reduceat(pitch, starts)[group]
    spread = min(freedom, 1.0)
    lead = rng.uniform(0.0, 0.030) * spread * rng.random(len(starts))[group]
    onset += np.where((sizes[group] > 1) & (pitch < top), lead, 0.0)
    hands = rng.normal(0.0, 0.012 * spread, len(starts))[group]
    onset += np.where(pitch < (top + bottom) / 2.0, hands, 0.0)
    rolled = (rng.random(len(starts)) < rng.uniform(0.0, 0.15) * spread) & (sizes >= 3)
    order = np.arange(len(onset)) - starts[group]
    onset += np.where(rolled[group], order * rng.uniform(0.015, 0.05, len(starts))[group], 0.0)
    onset += rng.normal(0.0, rng.uniform(0.003, 0.015), len(onset))
    grace = np.flatnonzero(rng.random(len(onset)) < rng.uniform(0.0, 0.02))
    before = onset[grace] - rng.uniform(0.05, 0.12, len(grace))
    return Notes.of(
        np.append(onset, before),
        np.append(
            notes.pitch, np.clip(notes.pitch[grace].astype(np.int64) + rng.choice([-1, 1, 2], len(grace)), 0, 127)
        ),
        np.append(notes.duration_s, np.full(len(grace), 0.08)),
        np.append(notes.velocity, np.maximum(notes.velocity[grace], 20) - 10),
    )


def _dynamics(
    notes: Notes, beat_s: NDArray[np.float64], position: NDArray[np.int64], played: bool, rng: np.random.Generator
) -> Notes:
    """Velocities as a pianist's; sometimes all the same, as scores and transcriptions have them."""
    if rng.random() < 0.2:
        flat = np.full(len(notes), int(rng.choice([64, 64, 80, 90])), np.uint8)
        return Notes(notes.onset_s, notes.duration_s, notes.pitch, flat)
    if played and rng.random() < 0.7:
        return notes
    velocity = rng.uniform(45.0, 85.0) + 0.3 * (notes.velocity - float(notes.velocity.mean()))
    knots = np.arange(0.0, float(notes.onset_s[-1]) + 8.0, 4.0)
    velocity += np.interp(notes.onset_s, knots, np.cumsum(rng.normal(0.0, 4.0, len(knots)))).clip(-25.0, 25.0)
    velocity += rng.normal(0.0, 7.0, len(notes))
    velocity += rng.uniform(0.0, 0.8) * (notes.pitch - 60.0) * 0.5
    near = np.abs(beat_s[np.clip(np.searchsorted(beat_s, notes.onset_s - 0.03), 0, len(beat_s) - 1)] - notes.onset_s)
    on_beat = near < 0.03
    down = position[np.clip(np.searchsorted(beat_s, notes.onset_s - 0.03), 0, len(beat_s) - 1)] == 0
    velocity += on_beat * rng.uniform(-1.0, 6.0) + (on_beat & down) * rng.uniform(-1.0, 6.0)
    return Notes(notes.onset_s, notes.duration_s, notes.pitch, np.clip(velocity, 10, 126).astype(np.uint8))


def _transposed(notes: Notes, rng: np.random.Generator) -> Notes:
    pitch = np.clip(notes.pitch.astype(np.int64) + int(rng.integers(-5, 7)), 1, 126).astype(np.uint8)
    return Notes.of(notes.onset_s, pitch, notes.duration_s, notes.velocity)


def _spoil(notes: Notes, rng: np.random.Generator) -> Notes:
    """Mistakes always; sometimes what a transcription does to it, or the melody alone."""
    kind = rng.random()
    if kind < 0.05:
        notes = melody_line(notes)
    if kind > 0.80:
        noise = rng.uniform(0.03, 0.2)
        player = Player(dropped=noise, added=noise, jitter_ms=rng.uniform(5.0, 20.0), octaves=0.02, wrong=0.01)
    else:
        player = Player(dropped=0.01, added=0.005, jitter_ms=2.0, octaves=0.0, wrong=0.005)
    return disturb(notes, player, rng)
