"""Works with their beats, read from scores (MIDI with time signatures) and from POP909."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import symusic
from numpy.typing import NDArray

from processors.notes import Notes

from .pop909_bars import audited_downbeats

HELD_OUT_DIGIT = "0"
"""POP909 songs whose number ends in this are for measuring only."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatWork:
    """A work and its beats, both in seconds at its written tempo.

    Attributes:
        name: its path.
        notes: all notes but percussion.
        beat_s: float64 [beats], in order.
        position: int64 [beats], the beat in its bar, from 0; 0 is the downbeat.
        played: a performance, whose tempo is real; else a score.
        metres: how many time signatures it has.
    """

    name: str
    notes: Notes
    beat_s: NDArray[np.float64]
    position: NDArray[np.int64]
    played: bool
    metres: int


def beats_per_bar(numerator: int, denominator: int) -> int:
    """The beats a conductor beats: 6/8 in two, 9/8 in three; 3/8 in three. As `pretty_midi` and ASAP count."""
    return numerator // 3 if numerator % 3 == 0 and numerator > 3 else numerator


def read_score(path: Path, name: str) -> BeatWork | None:
    """A score's notes and the grid of its time signatures; None where it has neither."""
    data = path.read_bytes()
    ticks: Any = symusic.Score.from_midi(data, ttype="tick")
    seconds: Any = symusic.Score.from_midi(data, ttype="second")
    kept = [i for i, track in enumerate(ticks.tracks) if not track.is_drum and len(track.notes)]
    if not kept or not len(ticks.time_signatures):
        return None
    tick_parts = [ticks.tracks[i].notes.numpy() for i in kept]
    parts = [seconds.tracks[i].notes.numpy() for i in kept]
    tick = np.concatenate([p["time"] for p in tick_parts]).astype(np.float64)
    onset = np.concatenate([p["time"] for p in parts]).astype(np.float64)
    notes = Notes.of(
        onset,
        np.concatenate([p["pitch"] for p in parts]),
        np.concatenate([p["duration"] for p in parts]),
        np.concatenate([p["velocity"] for p in parts]),
    )
    end = tick.max() + 1
    beat_tick, position = _grid(ticks, end)
    if len(beat_tick) < 8:
        return None
    beat_s = _seconds(ticks, beat_tick)
    signs = {(t.numerator, t.denominator) for t in ticks.time_signatures}
    return BeatWork(name, notes, beat_s, position, False, len(signs))


def _grid(ticks: Any, end: float) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    signs = sorted(ticks.time_signatures, key=lambda t: t.time)
    starts = [s.time for s in signs[1:]] + [end]
    beat: list[float] = []
    position: list[int] = []
    for sign, stop in zip(signs, starts, strict=True):
        count = beats_per_bar(sign.numerator, sign.denominator)
        length = ticks.ticks_per_quarter * 4.0 / sign.denominator * sign.numerator / count
        at, k = float(sign.time), 0
        while at < stop - 1e-6:
            beat.append(at)
            position.append(k % count)
            at += length
            k += 1
    return np.array(beat), np.array(position, np.int64)


def _seconds(ticks: Any, tick: NDArray[np.float64]) -> NDArray[np.float64]:
    tempos = sorted(ticks.tempos, key=lambda t: t.time)
    at = np.array([0.0] + [float(t.time) for t in tempos])
    per_tick = np.array([0.5] + [t.mspq / 1e6 for t in tempos]) / ticks.ticks_per_quarter
    base = np.concatenate([[0.0], np.cumsum(np.diff(at) * per_tick[:-1])])
    part = np.searchsorted(at, tick, side="right") - 1
    return np.asarray(base[part] + (tick - at[part]) * per_tick[part])


def read_pop909(folder: Path, name: str) -> BeatWork:
    """A song of POP909 with its annotated beats, in audited bars."""
    score: Any = symusic.Score.from_midi((folder / f"{name}.mid").read_bytes(), ttype="second")
    parts = [track.notes.numpy() for track in score.tracks if not track.is_drum and len(track.notes)]
    notes = Notes.of(
        np.concatenate([p["time"] for p in parts]),
        np.concatenate([p["pitch"] for p in parts]),
        np.concatenate([p["duration"] for p in parts]),
        np.concatenate([p["velocity"] for p in parts]),
    )
    rows = np.loadtxt(folder / f"{name}.beats.txt", ndmin=2)
    audited = audited_downbeats(folder / f"{name}.beats.txt")
    downbeat = rows[:, 2] > 0 if audited is None else audited
    return BeatWork(f"pop909/{name}.mid", notes, rows[:, 0], _positions(downbeat), True, 1)


def _positions(downbeat: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Beats in their bars; what comes before the first downbeat counts back from it."""
    starts = np.flatnonzero(downbeat)
    if not len(starts):
        return np.arange(len(downbeat)) % 4
    usual = int(np.median(np.diff(starts))) if len(starts) > 1 else 4
    index = np.arange(len(downbeat))
    last = starts[np.maximum(np.searchsorted(starts, index, side="right") - 1, 0)]
    return np.asarray((index - last) % usual)


def pop909_works(root: Path, held_out: bool) -> Iterator[BeatWork]:
    """The songs for training, or the held-out ones."""
    for path in sorted((root / "pop909").glob("*.mid")):
        if (path.stem[-1] == HELD_OUT_DIGIT) == held_out:
            yield read_pop909(path.parent, path.stem)


def corpus_works(root: Path) -> Iterator[BeatWork]:
    """All scores of the corpus that have a grid."""
    with (root / "corpus" / "manifest.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            name = row["path"] if row["path"].startswith("corpus/") else f"corpus/{row['path']}"
            work = read_score(root / name, name)
            if work is not None:
                yield work
