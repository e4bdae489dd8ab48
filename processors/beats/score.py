"""Beats from the score: once the work is known, its beats lie where the player is in it.

The network hears beats all the time, the score answers where it can, and the listener gets one series of beats: no beat
twice at the change-over, none left out.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.score_beats import ScoreBeats

from .tracker import Beat

ON_BEAT = 0.06
"""A note within this share of a beat of a score beat is on it."""
TEMPO_BEATS = 1.5
"""The player's tempo is measured over so many beats at most."""
PLACES = 48
STRAY_BEATS, STRAY_S = 0.35, 0.15
"""A place further off than both from where the player should be is believed only with a second one that agrees."""
WAIT_BEATS, WAIT_S = 0.7, 0.2
"""So long after its time, whichever is longer, a beat on which the score has a note is waited for; another one is told
in time."""
LOST_BEATS, LOST_S = 3.0, 4.0
"""After so long without a place the network's beats are told again, whichever comes first."""
LEAST_GAP = 0.5
"""At a change-over no beat sooner after another than this share of the beat's length."""
CONFIDENCE = 0.95
AWAITED_CONFIDENCE = 0.8
"""Of beats with a note that was heard, and of others."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownWork:
    """A work whose beats are known.

    Attributes:
        work_id: of the catalogue.
        notes: of the work, with onsets and pitches.
        beats: on the work's clock.
        struck: bool [beats], whether a note begins on each.
    """

    work_id: str
    notes: Notes
    beats: ScoreBeats
    struck: NDArray[np.bool_]

    @classmethod
    def of(cls, work_id: str, notes: Notes, beats: ScoreBeats) -> KnownWork:
        """From the work's notes and beats."""
        index = np.arange(len(beats))
        place = np.interp(notes.onset_s, beats.time_s, index, -1.0, -1.0)
        on = np.abs(place - np.rint(place)) <= ON_BEAT
        return cls(work_id, notes, beats, np.isin(index, np.rint(place[on]).astype(np.int64)))


class ScoreInformedBeats:
    """Joins one player's beats as the network hears them with those of the work that is played.

    ``heard`` takes the network's beats, ``at`` the player's places in the work, ``advance`` the passing of time; each
    answers with the beats that are now certain, in order of time.
    """

    def __init__(self) -> None:
        self._work: KnownWork | None = None
        self._places: deque[tuple[float, float]] = deque(maxlen=PLACES)
        self._stray: tuple[float, float] | None = None
        self._next = 0
        self._period_s = 0.0
        self._told_s = -np.inf
        self._gap_s = 0.0

    @property
    def pace(self) -> float | None:
        """The player's seconds for one of the work's, at the latest place; None while no work is followed."""
        if self._work is None:
            return None
        beats = self._work.beats
        at = min(max(int(self._places[-1][1]), 0), len(beats) - 2)
        return self._period_s / float(beats.time_s[at + 1] - beats.time_s[at])

    @property
    def work_id(self) -> str | None:
        """The work whose beats are told; None while they are the network's."""
        return None if self._work is None else self._work.work_id

    def heard(self, beats: list[Beat]) -> list[Beat]:
        """The network's beats: told while no work is followed."""
        if self._work is not None:
            return []
        kept = []
        for beat in beats:
            if beat.time_s - self._told_s > LEAST_GAP * self._gap_s:
                kept.append(beat)
                # The gap only matters after a beat of the score: the network's own are apart as they should be.
                self._told_s, self._gap_s = beat.time_s, 0.0
                self._period_s = 60.0 / beat.tempo_bpm
        return kept

    def at(self, heard_s: float, work: KnownWork, work_s: float, tempo_ratio: float) -> list[Beat]:
        """A note at ``heard_s`` was found at ``work_s`` of a work.

        Args:
            heard_s: on the player's clock; not before the last.
            work: the work.
            work_s: on the work's clock.
            tempo_ratio: the player's tempo over the work's, for the beginning.
        """
        place = work.beats.beat_at(work_s)
        told = self.advance(heard_s)
        if self._work is None or work.work_id != self._work.work_id:
            return told + self._begin(heard_s, work, place, tempo_ratio)
        last_s, last = self._places[-1]
        expected_s = last_s + (place - last) * self._period_s
        if abs(heard_s - expected_s) > max(STRAY_BEATS * self._period_s, STRAY_S):
            return told + self._strayed(heard_s, work, place, tempo_ratio)
        self._stray = None
        if place < last - 1e-6:
            return told
        return told + self._reached(heard_s, place)

    def begin(self, heard_s: float, work: KnownWork, work_s: float, tempo_ratio: float) -> list[Beat]:
        """The player is at ``work_s`` of a work, wherever he was before; as ``at``."""
        return self._begin(heard_s, work, work.beats.beat_at(work_s), tempo_ratio)

    def advance(self, now_s: float) -> list[Beat]:
        """The beats of the score that have passed by ``now_s``, given that no note was placed since."""
        told: list[Beat] = []
        while self._work is not None:
            last_s, last = self._places[-1]
            due_s = last_s + (self._next - last) * self._period_s
            if self._next >= len(self._work.beats):
                self._work = None
                break
            if min(now_s, due_s) - last_s > min(LOST_BEATS * self._period_s, LOST_S):
                self._work = None
                break
            is_struck = self._next >= 0 and self._work.struck[self._next]
            wait_s = max(WAIT_BEATS * self._period_s, WAIT_S) if is_struck else 0.0
            if now_s <= due_s + wait_s:
                break
            told += self._tell(max(due_s, last_s), AWAITED_CONFIDENCE)
        return told

    def _begin(self, heard_s: float, work: KnownWork, place: float, tempo_ratio: float) -> list[Beat]:
        """Follow the score from here on."""
        beats = work.beats
        at = min(max(int(place), 0), len(beats) - 2)
        written_s = float(beats.time_s[at + 1] - beats.time_s[at])
        self._work, self._stray = work, None
        self._period_s = written_s / min(max(tempo_ratio, 0.2), 5.0)
        self._gap_s = self._period_s
        self._places.clear()
        self._next = int(np.ceil(place - ON_BEAT))
        return self._reached(heard_s, place)

    def _strayed(self, heard_s: float, work: KnownWork, place: float, tempo_ratio: float) -> list[Beat]:
        """A place where the player should not be: a jump, if the next one agrees with it."""
        before, self._stray = self._stray, (heard_s, place)
        if before is None:
            return []
        expected_s = before[0] + (place - before[1]) * self._period_s
        if place < before[1] or abs(heard_s - expected_s) > max(STRAY_BEATS * self._period_s, STRAY_S):
            return []
        return self._begin(heard_s, work, place, tempo_ratio)

    def _reached(self, heard_s: float, place: float) -> list[Beat]:
        """The player is where he should be: the beats up to here, and the tempo."""
        told: list[Beat] = []
        while self._work is not None and self._next < min(place - ON_BEAT, len(self._work.beats)):
            # The player was faster than expected and had no note on this beat.
            last_s, last = self._places[-1]
            share = (self._next - last) / (place - last)
            told += self._tell(last_s + share * (heard_s - last_s), AWAITED_CONFIDENCE)
        if abs(place - self._next) <= ON_BEAT:
            told += self._tell(heard_s, CONFIDENCE)
        if not self._places or place > self._places[-1][1]:
            self._places.append((heard_s, place))
        self._measure()
        return told

    def _measure(self) -> None:
        """The player's tempo over the last beats; the older half counts less."""
        last_s, last = self._places[-1]
        slopes = []
        for reach in (TEMPO_BEATS, TEMPO_BEATS / 2.0):
            first_s, first = next((p for p in self._places if last - p[1] <= reach), self._places[-1])
            if last - first >= 0.9:
                slopes.append((last_s - first_s) / (last - first))
        if slopes:
            self._period_s = float(np.clip(np.mean(slopes), 0.12, 6.0))

    def _tell(self, time_s: float, confidence: float) -> list[Beat]:
        """The next beat of the score, unless the listener had one just before."""
        work, number = self._work, self._next
        self._next += 1
        if work is None or not 0 <= number < len(work.beats) or time_s - self._told_s <= LEAST_GAP * self._gap_s:
            return []
        self._told_s, self._gap_s = time_s, self._period_s
        position, metre = int(work.beats.position[number]), int(work.beats.beats_per_bar[number])
        due_s = time_s + self._period_s
        tempo_bpm = 60.0 / self._period_s
        return [Beat(time_s, position, position == 1, metre, tempo_bpm, confidence, due_s, work.work_id)]
