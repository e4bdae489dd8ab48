"""One player's beats: the network's while the work is unknown, then the score's, note by note."""

from __future__ import annotations

from collections import deque

import numpy as np

from processors.notes import Notes
from processors.score_beats import ScoreBeats

from .following import ScoreFollower
from .score import KnownWork, ScoreInformedBeats
from .tracker import Beat

APART_BEATS, APART_TIMES = 2.0, 4
"""When the search has the player so far from where he is followed, so many times in a row, the search is right."""
RECENT_NOTES = 64
"""A place that is found late is caught up with over so many notes at most."""


class FollowedBeats:
    """Joins what is heard of one player; each method answers with the beats that are now certain, in order of time.

    ``heard`` takes the network's beats, ``note`` every note, ``found`` where the search has the player, perhaps some
    notes late, and ``advance`` the passing of time.
    """

    def __init__(self) -> None:
        self._joined = ScoreInformedBeats()
        self._follower: ScoreFollower | None = None
        self._work: KnownWork | None = None
        self._recent: deque[tuple[float, int]] = deque(maxlen=RECENT_NOTES)
        self._shift = 0
        self._apart = 0
        self._place = (0.0, 0.0)

    @property
    def work_id(self) -> str | None:
        """The work whose beats are told; None while they are the network's."""
        return self._joined.work_id

    def heard(self, beats: list[Beat]) -> list[Beat]:
        """The network's beats."""
        return self._joined.heard(beats)

    def note(self, time_s: float, pitch: int) -> list[Beat]:
        """A note was struck at ``time_s`` on the player's clock."""
        self._recent.append((time_s, pitch))
        return self._followed(time_s, pitch) + self._joined.advance(time_s)

    def found(self, time_s: float, work: KnownWork, work_s: float, shift: int, tempo_ratio: float) -> list[Beat]:
        """The search has found the note at ``time_s`` in a work.

        Args:
            time_s: on the player's clock.
            work: the work.
            work_s: the note's place on the work's clock.
            shift: semitones that the player is above the work.
            tempo_ratio: the player's tempo over the work's.
        """
        if self._joined.work_id == work.work_id and self._shift == shift:
            followed_s, followed_work_s = self._place
            reached_s = work_s + max(followed_s - time_s, 0.0) * tempo_ratio
            away = abs(work.beats.beat_at(reached_s) - work.beats.beat_at(followed_work_s))
            self._apart = self._apart + 1 if away > APART_BEATS else 0
            if self._apart < APART_TIMES:
                return []
        self._apart = 0
        self._follower = ScoreFollower(work.notes.onset_s, work.notes.pitch, shift)
        self._follower.begin(time_s, work_s)
        self._work, self._shift, self._place = work, shift, (time_s, work_s)
        told = self._joined.begin(time_s, work, work_s, tempo_ratio)
        for later_s, pitch in [note for note in self._recent if note[0] > time_s]:
            told += self._followed(later_s, pitch)
        return told

    def advance(self, now_s: float) -> list[Beat]:
        """No note was struck up to ``now_s``."""
        return self._joined.advance(now_s)

    def _followed(self, time_s: float, pitch: int) -> list[Beat]:
        pace = self._joined.pace
        if self._follower is None or self._work is None or pace is None:
            return []
        place = self._follower.add(time_s, pitch, pace)
        if place is None:
            return []
        work_s, reached_s = place
        self._place = (reached_s, work_s)
        return self._joined.at(reached_s, self._work, work_s, 1.0 / pace)


def warm_up() -> None:
    """Compile what following needs, so that no player waits for it."""
    time_s, one = np.linspace(0.0, 1.5, 4), np.ones(4, np.int64)
    beats = FollowedBeats()
    beats.found(0.0, KnownWork.of("", Notes.of(time_s, 60 * one), ScoreBeats(time_s, one, one)), 0.0, 0, 1.0)
    beats.note(0.5, 60)
