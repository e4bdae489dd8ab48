"""Following: where in a work a player is, note by note, by the most likely path through the whole score.

States are the work's onset groups. A played note may be the next group's, a chord mate, a late note of a group that
was just left, an ornament, or an extra; groups may be missed; and the player may jump anywhere, at a price. Each path
carries its own tempo, so that a note is also judged by when it comes. Scores are log likelihood ratios against notes
that come from elsewhere, so that those of different works can be compared, and zero means that nothing speaks for the
work. After the score followers of Pardo and Birmingham, "Modeling Form for On-line Following of Musical Performances"
(AAAI 2005), and Nakamura et al., "Outer-Product Hidden Markov Model and Polyphonic MIDI Score Following" (JNMR 2014).

As all states lose the same by a note that they do not expect, only those that hold its pitch are touched: a note costs
microseconds whatever the work's length.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .compiled import Int, compiled
from .segment import Segment

MATCH = 2.6
"""What a note speaks for the group that holds it; less for each other note that the group holds."""
CHOICE = 0.5
MISSED_NOTE = 0.25
"""What each note of a group costs that is not played."""
EXTRA = 2.2
"""What a note costs that is not written."""
ORNAMENT = 1.0
"""The same within two semitones of a note of the group, or one of its notes again."""
SKIP = 1.6
SKIP_MORE = 0.8
"""What the first group costs that is missed, and each further one."""
REACH = 8
"""Groups that may be missed at a time, and one."""
CHORD_MS = 150.0
LATE_MS = 120.0
LATE = 0.3
"""Within this time a group's notes are a chord, and a note of the group before is late."""
START = -7.0
START_OF_WORK = -4.0
BEGINNING = 3
"""Log odds of beginning at a place in the middle of a work, and at one of its first groups."""
JUMP = 26.0
"""What a jump within the work costs: more than a few mistakes, so that repeats are not confused."""
CUT = 60.0
"""Groups whose paths trail the best by more lead nowhere."""

RECOVERED = 15.0
"""So much new evidence ends a doubt, whatever was lost."""

SHORT_MS = 20.0
"""Written gaps below this tell nothing of the tempo."""
SMOOTHING_MS = 50.0
"""Added to gaps before they are compared, so that small ones may differ by jitter."""
STEADY = 0.22
"""Spread of the logarithm of a gap's error with a known tempo ..."""
FIRST = 0.6
"""... and with none yet."""
IN_TIME = 1.1
OUT_OF_TIME = -2.3
"""What a gap speaks for the path at its best and at its worst."""
TEMPO_MEMORY = 0.2
TEMPO_GAP_MS = 100.0
"""Share of the tempo that a long gap renews; gaps of this length count half."""
MAX_RATE = 1.7
"""Logarithm of the largest tempo ratio, either way."""
STEP = 0.7
"""The largest error of a gap that tells of the tempo."""

SCORE, AT_MS, RATE, RATE_KNOWN, FROM, PITCH, LEFT, MATCHED = range(8)
"""Rows of the state, a column a group, of the best path that ends there: score; when the group was entered;
logarithm of written over played time; how many gaps that rests on; the group in which the path began; the latest pitch;
how many of the group's notes were not played yet; how many notes of the path were played as written."""
ROWS = 8
NEVER = -1e12
SPARED = 1000.0
"""Added to the latest pitch where it was taken for an ornament."""


class Written(NamedTuple):
    """A work laid out for following.

    Attributes:
        onset_ms: float64 [groups].
        size: int32 [groups], notes in each group.
        starts: int32 [129], where each pitch starts in ``holders``.
        holders: int32 [notes], the groups that hold each pitch, ascending.
    """

    onset_ms: NDArray[np.float64]
    size: NDArray[np.int32]
    starts: NDArray[np.int32]
    holders: NDArray[np.int32]

    @classmethod
    def of(cls, segment: Segment, work: int) -> Written:
        """The segment's work number ``work``."""
        first, last = (int(note) for note in segment.work_note[work : work + 2])
        stored = segment.stored[first:last]
        group = (np.cumsum(stored >> 7, dtype=np.int32) - np.int32(1)).astype(np.int32)
        pitch = stored & 127
        order = np.argsort(pitch, kind="stable")
        starts = np.searchsorted(pitch[order], np.arange(129)).astype(np.int32)
        onset_ms = segment.group_onsets_s(work) * 1000.0
        return cls(onset_ms, np.bincount(group, minlength=len(onset_ms)).astype(np.int32), starts, group[order])


class Position(NamedTuple):
    """Where a player is.

    Attributes:
        group: the work's onset group that was reached.
        now_s: the same on the work's clock, with the time since, seconds.
        from_s: where what was played without a jump began, on the work's clock, seconds.
        tempo_ratio: played tempo over written tempo.
        matched: notes since ``from_s`` that were played as written.
        found: whether the latest notes are in the group; else ``now_s`` is where the tempo has led.
    """

    group: int
    now_s: float
    from_s: float
    tempo_ratio: float
    matched: int
    found: bool


class Follower:
    """Follows one player through one work in one key.

    Attributes:
        written: the work.
        evidence: log likelihood ratio of the best path, of all notes heard.
        peak: the most it has been; once what was lost since has been made up for in another place, what it is there.
        since_peak: how many notes ago.
    """

    def __init__(self, written: Written, shift: int) -> None:
        self.written = written
        self._shift = shift
        self._state = np.full((ROWS, len(written.onset_ms)), NEVER)
        self._heard = 0
        self._best = -1
        self._now_ms = 0.0
        self.evidence = 0.0
        self.peak = 0.0
        self.since_peak = 0
        self._trough = 0.0

    def hear(self, time_ms: float, pitch: int) -> None:
        """Take in a note; ``time_ms`` never falls."""
        self._heard += 1
        self._now_ms = time_ms
        self._best = _hear(*self.written, self._state, self._best, self._heard, time_ms, pitch - self._shift)
        if self._best >= 0:
            self.evidence = float(self._state[SCORE, self._best]) - EXTRA * self._heard
        self.since_peak += 1
        self._trough = min(self._trough, self.evidence)
        if self.evidence >= self.peak or self.evidence >= self._trough + RECOVERED:
            self.peak, self.since_peak, self._trough = self.evidence, 0, self.evidence

    @property
    def position(self) -> Position:
        """Where the player was at the latest note, by the best path."""
        if self._best < 0:
            return Position(0, 0.0, 0.0, 1.0, 0, False)
        onset_ms = self.written.onset_ms
        here, state = self._best, self._state
        ratio = float(np.exp(state[RATE, here]))
        now = float(onset_ms[here])
        since_ms = self._now_ms - float(state[AT_MS, here]) - CHORD_MS
        later = now + ratio * since_ms
        if here + 1 < len(onset_ms):
            later = min(later, float(onset_ms[here + 1]))
        begun = float(onset_ms[int(state[FROM, here])])
        matched = int(state[MATCHED, here])
        return Position(here, max(now, later) / 1000.0, begun / 1000.0, ratio, matched, since_ms <= 0.0)


@compiled
def _hear(
    onset_ms: NDArray[np.float64],
    size: NDArray[np.int32],
    starts: NDArray[np.int32],
    holders: NDArray[np.int32],
    state: NDArray[np.float64],
    best: Int,
    heard: int,
    now_ms: float,
    pitch: int,
) -> int:
    """Take one note into ``state``, whose scores leave out that each heard note costs ``EXTRA``; the best group."""
    if pitch < 0 or pitch > 127:
        return int(best)
    floor = NEVER / 2 if best < 0 else state[SCORE, best] - CUT
    jump = NEVER if best < 0 else state[SCORE, best] - JUMP
    rate_now = 0.0 if best < 0 else state[RATE, best]
    after: Int = -1
    # Descending, so that the groups before j are as they were before this note.
    for k in range(starts[pitch + 1] - 1, starts[pitch] - 1, -1):
        j = holders[k]
        gain = MATCH - CHOICE * np.log(size[j]) + EXTRA
        is_mate = False
        stay = state[SCORE, j]
        if stay > floor:
            is_mate = now_ms - state[AT_MS, j] < CHORD_MS and state[PITCH, j] != pitch and state[LEFT, j] > 0.0
            stay += gain + MISSED_NOTE if is_mate else EXTRA - ORNAMENT
        gain -= MISSED_NOTE * (size[j] - 1)
        came_from, top, error = _step(onset_ms, state, j, gain, max(stay, floor), floor, now_ms)
        begin = max(EXTRA * (heard - 1) + (START_OF_WORK if j < BEGINNING else START), jump) + gain
        if begin > top:
            state[SCORE, j] = begin
            state[AT_MS, j] = now_ms
            state[RATE, j] = rate_now
            state[RATE_KNOWN, j] = 0.0
            state[FROM, j] = j
            state[LEFT, j] = size[j] - 1
            state[MATCHED, j] = 1.0
        elif came_from >= 0:
            _enter(onset_ms, size, state, came_from, j, top, error, now_ms)
        elif stay > floor:
            state[SCORE, j] = stay
            state[LEFT, j] -= is_mate
            state[MATCHED, j] += is_mate
        state[PITCH, j] = pitch
        # A late note of a group that was just left.
        i = j + 1
        if i < len(onset_ms) and i != after and state[SCORE, i] > floor and now_ms - state[AT_MS, i] < LATE_MS:
            state[SCORE, i] += EXTRA - LATE
            state[PITCH, i] = pitch
            if state[SCORE, i] > state[SCORE, best]:
                best = i
        after = j
        if best < 0 or state[SCORE, j] > state[SCORE, best]:
            best = j
    return int(_ornament(starts, holders, state, best, pitch, floor))


@compiled
def _step(
    onset_ms: NDArray[np.float64],
    state: NDArray[np.float64],
    j: Int,
    gain: float,
    top: float,
    floor: float,
    now_ms: float,
) -> tuple[int, float, float]:
    """The best group to come from to ``j`` if that scores more than ``top``, else -1; the score; the gap's error."""
    came_from = -1
    error = 0.0
    for i in range(max(j - REACH, 0), j):
        value = state[SCORE, i] + gain
        if state[SCORE, i] <= floor or value + IN_TIME <= top:
            continue
        if j - i > 1:
            value -= SKIP + SKIP_MORE * (j - i - 2)
        played = now_ms - state[AT_MS, i]
        expected = (onset_ms[j] - onset_ms[i]) * np.exp(-state[RATE, i])
        off = np.log((expected + SMOOTHING_MS) / (played + SMOOTHING_MS))
        if state[RATE_KNOWN, i] < 0.5:
            value += max(-off * off / (2.0 * FIRST * FIRST), OUT_OF_TIME)
        else:
            value += max(IN_TIME - off * off / (2.0 * STEADY * STEADY), OUT_OF_TIME)
        if value > top:
            came_from, top, error = i, value, off
    return came_from, top, error


@compiled
def _enter(
    onset_ms: NDArray[np.float64],
    size: NDArray[np.int32],
    state: NDArray[np.float64],
    i: Int,
    j: Int,
    score: float,
    error: float,
    now_ms: float,
) -> None:
    """Let the path of group ``i`` go on to ``j``; the longer the gap was, the more it tells of the tempo."""
    played = now_ms - state[AT_MS, i]
    known = state[RATE_KNOWN, i]
    share = played / (played + TEMPO_GAP_MS) if onset_ms[j] - onset_ms[i] >= SHORT_MS else 0.0
    most = MAX_RATE if known < 0.5 else STEP
    rate = state[RATE, i] + share * max(TEMPO_MEMORY, 1.0 / (1.0 + known)) * min(max(error, -most), most)
    state[SCORE, j] = score
    state[AT_MS, j] = now_ms
    state[RATE, j] = min(max(rate, -MAX_RATE), MAX_RATE)
    state[RATE_KNOWN, j] = known + share
    state[FROM, j] = state[FROM, i]
    state[LEFT, j] = size[j] - 1
    state[MATCHED, j] = state[MATCHED, i] + 1.0


@compiled
def _ornament(
    starts: NDArray[np.int32],
    holders: NDArray[np.int32],
    state: NDArray[np.float64],
    best: Int,
    pitch: int,
    floor: float,
) -> int:
    """Spare groups with a note near ``pitch`` a part of what an extra note costs; the best group."""
    for near in (pitch - 2, pitch - 1, pitch + 1, pitch + 2):
        if near < 0 or near > 127:
            continue
        for k in range(starts[near], starts[near + 1]):
            j = holders[k]
            # Each group once; one that holds the pitch itself was dealt with.
            if state[SCORE, j] > floor and state[PITCH, j] != pitch and state[PITCH, j] != pitch + SPARED:
                state[SCORE, j] += EXTRA - ORNAMENT
                state[PITCH, j] = pitch + SPARED
                if state[SCORE, j] > state[SCORE, best]:
                    best = j
    return int(best)
