"""Beat grids put right: in about a fifth of the scores a lost pickup shifts the whole grid.

Every shift of a work's grid, in halves (thirds) of a beat, is described by what falls on its beats and downbeats:
onsets, thick chords, long notes, the bass, new harmony, notes held across, the last chord. A conditional logit over the
shifts is fitted to the grids as they are. Most of them are right and the wrong ones have nothing in common, so the
model learns what a right grid looks like, and moves the others. It is then fitted again to the moved grids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from processors.notes import Notes

from .works import BeatWork

NEAR_BEATS = 0.06
"""A note this near to a grid line is on it."""
MOVE_LEAD = 2.5
"""Log odds by which another shift must lead over the grid as it is written."""
ROUNDS = 3
RIDGE = 1e-3


def refit(works: Sequence[BeatWork]) -> tuple[list[BeatWork], int]:
    """Works with their grids moved where another shift fits much better; and how many were moved.

    Works with several metres, or played ones, are returned as they are.
    """
    fixed = [i for i, work in enumerate(works) if work.metres == 1 and not work.played and len(work.beat_s) >= 16]
    tables = [shift_features(works[i]) for i in fixed]
    truth = np.zeros(len(fixed), np.int64)
    weights = np.zeros(tables[0].shape[1]) if tables else np.zeros(0)
    for _ in range(ROUNDS):
        weights = _fit(tables, truth, weights)
        for k, table in enumerate(tables):
            score = table @ weights
            score[0] += MOVE_LEAD
            truth[k] = int(np.argmax(score))
    result = list(works)
    for i, shift in zip(fixed, truth.tolist(), strict=True):
        if shift:
            result[i] = moved(works[i], shift)
    return result, int((truth > 0).sum())


def parts_of(work: BeatWork) -> int:
    """Shifts a beat: three where beats divide in three more often than in two."""
    place = _beats_of(work, work.notes.onset_s)
    part = place - np.floor(place)
    thirds = (np.abs(part - 1 / 3) < NEAR_BEATS).sum() + (np.abs(part - 2 / 3) < NEAR_BEATS).sum()
    return 3 if thirds > (np.abs(part - 1 / 2) < NEAR_BEATS).sum() else 2


def moved(work: BeatWork, shift: int) -> BeatWork:
    """The work with its grid ``shift`` parts of a beat later, and beats before its start filled in."""
    parts = parts_of(work)
    bar = int(work.position.max()) + 1
    index = np.arange(len(work.beat_s))
    first = -(-shift // parts)
    at = np.arange(-first, len(work.beat_s) - 1) + shift / parts
    step = np.diff(work.beat_s)
    beat_s = np.interp(at, index, work.beat_s) + np.minimum(at, 0.0) * step[0]
    kept = beat_s > work.notes.onset_s[0] - 0.01
    position = (np.arange(-first, len(work.beat_s) - 1) + int(work.position[0])) % bar
    return replace(work, beat_s=beat_s[kept], position=position[kept])


def shift_features(work: BeatWork) -> NDArray[np.float64]:
    """A row a shift, float64 [bar * parts, features]; row 0 is the grid as written."""
    notes, parts = work.notes, parts_of(work)
    bar = int(work.position.max()) + 1
    first = float(work.position[0])
    place = _beats_of(work, notes.onset_s) + first
    end = _beats_of(work, notes.onset_s + notes.duration_s) + first
    start, columns = _clusters(notes, place, end)
    rows = [_row(place[start], columns, place, end, shift / parts, bar) for shift in range(bar * parts)]
    table = np.array(rows)
    return np.asarray(table - table.mean(0))


def _row(
    onset: NDArray[np.float64],
    columns: NDArray[np.float64],
    place: NDArray[np.float64],
    end: NDArray[np.float64],
    shift: float,
    bar: int,
) -> NDArray[np.float64]:
    row: list[float] = []
    for period in (1.0, float(bar)):
        phase = (onset - shift + period / 2) % period - period / 2
        on = np.abs(phase) < NEAR_BEATS
        lines = max((onset[-1] - onset[0]) / period, 1.0)
        row += [float(on.sum() / lines)]
        row += (columns[on].sum(0) / max(on.sum(), 4)).tolist()
        held = np.floor((end - shift - NEAR_BEATS) / period) - np.floor((place - shift + NEAR_BEATS) / period)
        row += [float(np.maximum(held, 0).sum() / lines / 4.0), float(on[-1])]
    if bar in (2, 4):
        half = bar / 2.0
        phase = (onset - shift - half + bar / 2.0) % bar - bar / 2.0
        on = np.abs(phase) < NEAR_BEATS
        row += (columns[on].sum(0) / max(on.sum(), 4)).tolist()
    else:
        row += [0.0] * columns.shape[1]
    return np.array(row)


def _clusters(
    notes: Notes, place: NDArray[np.float64], end: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Each cluster's first note, and what it is like, standardised within the work."""
    start = np.flatnonzero(np.diff(place, prepend=-1e9) > NEAR_BEATS / 2)
    stop = np.append(start[1:], len(place))
    chroma = np.zeros(12)
    columns = np.zeros((len(start), 6))
    mean_low = float(notes.pitch.mean())
    for k, (a, b) in enumerate(zip(start, stop, strict=True)):
        pitch = notes.pitch[a:b].astype(np.int64)
        length = end[a:b] - place[a:b]
        now = np.bincount(pitch % 12, minlength=12).astype(np.float64)
        known = float(np.linalg.norm(chroma) * np.linalg.norm(now))
        novelty = 1.0 - float(chroma @ now) / known if known > 0 else 0.0
        columns[k] = (
            np.log(b - a),
            np.log(np.clip(length.max(), 0.05, 8.0)),
            np.log(np.clip(length[pitch.argmin()], 0.05, 8.0)),
            (mean_low - pitch.min()) / 12.0,
            novelty,
            float(notes.velocity[a:b].max()) / 32.0,
        )
        chroma = 0.7 * chroma + now
    deviation = columns.std(0)
    return start, (columns - columns.mean(0)) / np.maximum(deviation, 1e-3)


def _beats_of(work: BeatWork, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Times as beats of the grid, counted from the first, also past its ends."""
    index = np.arange(len(work.beat_s), dtype=np.float64)
    step = np.diff(work.beat_s)
    place = np.interp(time_s, work.beat_s, index)
    before, after = time_s < work.beat_s[0], time_s > work.beat_s[-1]
    place = np.where(before, (time_s - work.beat_s[0]) / step[0], place)
    return np.asarray(np.where(after, index[-1] + (time_s - work.beat_s[-1]) / step[-1], place))


def _fit(
    tables: list[NDArray[np.float64]], truth: NDArray[np.int64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    rows = np.concatenate(tables)
    sizes = np.array([len(t) for t in tables])
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    right = starts + truth
    owner = np.repeat(np.arange(len(tables)), sizes)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        score = rows @ w
        top = np.maximum.reduceat(score, starts)
        e = np.exp(score - top[owner])
        total = np.add.reduceat(e, starts)
        p = e / total[owner]
        p_right = p[right]
        # Some grids are wrong: a floor of a fifth on every likelihood keeps them from bending the weights.
        mixed = 0.8 * p_right + 0.2 / sizes
        pull = 0.8 * p_right / mixed
        gradient = pull[owner] * p
        gradient[right] -= pull
        value = -float(np.log(mixed).mean()) + RIDGE * float(w @ w)
        return value, rows.T @ gradient / len(tables) + 2 * RIDGE * w

    return np.asarray(scipy.optimize.minimize(loss, weights, jac=True, method="L-BFGS-B").x)
