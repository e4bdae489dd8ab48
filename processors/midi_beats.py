"""Beats of a score from the time signatures and tempi of its MIDI file.

A beat is what a conductor shows: the denominator's note, or three of them in a compound metre (6/8, 6/4, 9/8, 12/16
...), which is how the ASAP data set and beat-tracking evaluation count. Scores in MIDI hide two things in time
signatures that are no change of metre: upbeats, and bars that a repeat sign cuts in two. Both are counted as parts of
the metre around them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .score_beats import ScoreBeats

MAX_BEATS = 100_000
DEFAULT_METRE = (4, 4)
"""What a MIDI file means that has tempi but no time signature."""
REGULAR_BARS = 4
"""A time signature that never lasts so many bars is taken for part of the metre around it."""
SUBDIVISIONS = (8, 12)
"""The notes of a score start on these parts of a beat, give or take a tick ..."""
MIN_ON_GRID = 0.5
"""... at least so many of them, beyond what would by chance; otherwise the file is a performance, with no grid."""
LOOKED_AT = 512
"""So many notes tell which of the two it is."""


class Signature(NamedTuple):
    """A time signature in force from ``tick`` on."""

    tick: int
    numerator: int
    denominator: int


class Metre(NamedTuple):
    """A beat's length in ticks, and beats in a bar."""

    beat: float
    beats: int

    @property
    def bar(self) -> float:
        return self.beat * self.beats


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Ticks to seconds.

    Attributes:
        tick: float64 [changes], where each tempo starts; the first is 0.
        second: float64 [changes], the same places in seconds.
        seconds_per_tick: float64 [changes].
    """

    tick: NDArray[np.float64]
    second: NDArray[np.float64]
    seconds_per_tick: NDArray[np.float64]

    @classmethod
    def of(cls, tick: NDArray[np.integer], us_per_quarter: NDArray[np.integer], ticks_per_quarter: int) -> TempoMap:
        """From a file's tempo events, in order of their ticks; before the first there are 120 quarters a minute."""
        if not len(tick) or tick[0] > 0:
            tick, us_per_quarter = np.append(0, tick), np.append(500_000, us_per_quarter)
        seconds_per_tick = us_per_quarter.astype(np.float64) / (1e6 * ticks_per_quarter)
        spans = np.diff(tick) * seconds_per_tick[:-1]
        return cls(tick.astype(np.float64), np.append(0.0, np.cumsum(spans)), seconds_per_tick)

    def seconds(self, ticks: NDArray[np.floating] | NDArray[np.integer]) -> NDArray[np.float64]:
        """The times of ``ticks``, seconds, float64."""
        if len(self.tick) == 1:
            return np.asarray(ticks * self.seconds_per_tick[0])
        at = np.maximum(np.searchsorted(self.tick, ticks, side="right") - 1, 0)
        return np.asarray(self.second[at] + (ticks - self.tick[at]) * self.seconds_per_tick[at])


def midi_beats(
    signatures: Sequence[Signature], tempi: TempoMap, ticks_per_quarter: int, onsets: NDArray[np.integer], end: int
) -> ScoreBeats | None:
    """The beats of a score, or nothing if the notes do not keep to the grid, as in a recorded performance.

    Args:
        signatures: of the file, in order; empty: 4/4.
        onsets: ticks at which notes start.
        end: the tick at which the last note ends.
    """
    known = [s for s in signatures if s.numerator and s.denominator and s.tick < end]
    if not known or known[0].tick > 0:
        known.insert(0, Signature(0, *DEFAULT_METRE))
    sections = list(_sections(known, ticks_per_quarter, end))
    if sum((section.end - section.start) / section.metre.beat for section in sections) > MAX_BEATS:
        return None
    runs = list(_runs(sections))
    tick = np.concatenate([run.ticks() for run in runs])
    if len(tick) < 2 or not _on_grid(tick, onsets, ticks_per_quarter):
        return None
    position = np.concatenate([run.positions() for run in runs])
    beats_per_bar = np.concatenate([np.full(run.beats, run.metre.beats) for run in runs])
    return ScoreBeats(tempi.seconds(tick), position, beats_per_bar)


class _Section(NamedTuple):
    start: float
    end: float
    metre: Metre

    @property
    def whole_bars(self) -> bool:
        return self.end - self.start >= self.metre.bar and _divides(self.metre.bar, self.end - self.start)


class _Run(NamedTuple):
    """Beats at a steady distance in ticks."""

    start: float
    beats: int
    metre: Metre
    position: int = 1

    def ticks(self) -> NDArray[np.float64]:
        return np.asarray(self.start + self.metre.beat * np.arange(self.beats), np.float64)

    def positions(self) -> NDArray[np.int64]:
        return (self.position - 1 + np.arange(self.beats)) % self.metre.beats + 1


def _sections(signatures: list[Signature], ticks_per_quarter: int, end: int) -> Iterator[_Section]:
    """What each time signature covers; a repetition of one on a bar line changes nothing."""
    current: _Section | None = None
    for i, (tick, numerator, denominator) in enumerate(signatures):
        until = signatures[i + 1].tick if i + 1 < len(signatures) else end
        if until <= tick:
            continue
        unit = 4.0 * ticks_per_quarter / denominator
        compound = denominator >= 4 and numerator > 3 and numerator % 3 == 0
        metre = Metre(3.0 * unit, numerator // 3) if compound else Metre(unit, numerator)
        if current is not None and current.metre == metre and _divides(metre.bar, tick - current.start):
            current = current._replace(end=until)
            continue
        if current is not None:
            yield current
        current = _Section(tick, until, metre)
    if current is not None:
        yield current


def _runs(sections: list[_Section]) -> Iterator[_Run]:
    longest = max(sections, key=lambda section: section.end - section.start)
    regular = {longest.metre} | {
        section.metre
        for section in sections
        if section.metre.beats > 1 and section.end - section.start >= REGULAR_BARS * section.metre.bar
    }
    keeps = [section.metre in regular and (section.whole_bars or section is sections[-1]) for section in sections]
    keeps[sections.index(longest)] = True
    around: Metre | None = None
    at = 0
    for kept, group in groupby(keeps):
        stretch = sections[at : at + len(list(group))]
        at += len(stretch)
        if kept:
            yield from (_fill(section, section.metre) for section in stretch)
            around = stretch[-1].metre
        elif around is None:
            yield from _start(stretch, sections[at].metre)
        else:
            yield from _irregular(stretch, around)


def _start(stretch: list[_Section], following: Metre) -> Iterator[_Run]:
    """The beginning of a piece before its metre: an upbeat counts towards the bar that it leads to."""
    span = stretch[-1].end - stretch[0].start
    if span >= following.bar:
        yield from _irregular(stretch, following)
        return
    count = int(span / following.beat + 1e-6)
    position = (-count) % following.beats + 1
    yield _Run(stretch[-1].end - count * following.beat, count, following, position)


def _irregular(stretch: list[_Section], around: Metre) -> Iterator[_Run]:
    """Time signatures too short to be a metre: bars in parts if they add up, else each starts anew."""
    whole = _Section(stretch[0].start, stretch[-1].end, around)
    if whole.whole_bars:
        yield _fill(whole, around)
        return
    for section in stretch:
        same_beat = section.metre.beat == around.beat and section.whole_bars
        yield _fill(section, section.metre if same_beat else around)


def _fill(section: _Section, metre: Metre) -> _Run:
    """Beats from the section's start; one less than half a beat before its end would be none."""
    count = int(np.ceil((section.end - section.start) / metre.beat - 0.5 + 1e-6))
    return _Run(section.start, max(count, 0), metre)


def _divides(part: float, whole: float) -> bool:
    return abs(whole - part * round(whole / part)) < 1e-6 * part


def _on_grid(beat: NDArray[np.float64], onsets: NDArray[np.integer], ticks_per_quarter: int) -> bool:
    onsets = onsets[:: -(-len(onsets) // LOOKED_AT)]
    at = np.clip(np.searchsorted(beat, onsets, side="right") - 1, 0, len(beat) - 2)
    length = beat[at + 1] - beat[at]
    into = (onsets - beat[at]) / length
    near = np.zeros(len(onsets), bool)
    for parts in SUBDIVISIONS:
        near |= np.abs(into * parts - np.rint(into * parts)) * length <= parts * 1.0
    lines = sum(SUBDIVISIONS) - int(np.gcd(*SUBDIVISIONS))
    by_chance = np.minimum(3.0 * lines / length, 1.0).mean()
    return bool(near.mean() - by_chance >= MIN_ON_GRID * (1.0 - by_chance))
