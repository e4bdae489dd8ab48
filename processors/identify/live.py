"""Live identification: follows one player, note by note."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from processors.notes import Notes

from .following import Spot, find_in_work, follow, spot_of
from .groups import Grouped, group_notes
from .matcher import MIN_NOTES, Identification, Identifier
from .search import Hit

QUERY_NOTES = 48
"""So many of the latest notes are looked up in the catalogue."""
FOLLOW_NOTES = 32
"""So many are aligned while following."""
JUMP_NOTES = 14
"""So many of the latest notes say where a player has jumped to."""

LOOKUP_SHARE = 10
"""A player who is not recognised yet is looked up after every note, but with more than so many notes not after each."""
DEEP_EVERY_NOTES = 16
"""A player who is not recognised yet gets a search with all efforts after so many notes."""
RECHECK_NOTES = 32
"""A player who is followed is looked up again after so many notes."""

SURE = 0.9
"""A live answer is believed from this confidence on: a wrong answer costs more than one a few notes later."""
LOST_NOTES = 6
"""So many latest notes that are not where they should be mean a jump, another piece, or mistakes."""
LOST_SHARE = 0.45
GOOD_SHARE = 0.7
"""Shares of notes aligned, below which a place is doubted, and above which a new one is believed."""
SWITCH_LEAD = 5.0
"""Log odds by which another work must lead before it replaces the one that is followed."""
GIVE_UP_NOTES = 20
"""After so many notes in doubt the answer is ``unknown`` again."""


class LiveTracker:
    """Hears one player's notes and says what is played: ``unknown`` until sure, then the work and the place in it.

    While the player keeps to the score, an answer costs an alignment near the expected place. When the notes stop
    fitting, the rest of the work is tried for a jump, then the catalogue for another piece. The first candidate's
    ``ref_end_s`` is where the player is. One thread at a time.
    """

    def __init__(self, identifier: Identifier, window_s: float = 30.0, window_max_notes: int = 256) -> None:
        self.identifier = identifier
        self._window_s = window_s
        self._heard: deque[tuple[float, int, int]] = deque(maxlen=window_max_notes)
        self._new = 0
        self._since_lookup = 0
        self._since_deep = 0
        self._in_doubt = 0
        self._spot: Spot | None = None
        self._others: list[Hit] = []
        self._answer = Identification("unknown", (), 0)

    def add(self, time_s: float, pitch: int, velocity: int) -> None:
        """Hear a note-on at ``time_s`` on the player's clock."""
        self._heard.append((time_s, pitch, velocity))
        while self._heard[0][0] < time_s - self._window_s:
            self._heard.popleft()
        self._new += 1
        self._since_lookup += 1
        self._since_deep += 1

    def answer(self) -> Identification:
        """What is being played, as far as can be said now."""
        if self._new:
            if self._spot is None:
                self._find()
            else:
                self._follow(self._spot)
            self._new = 0
        return self._answer

    @property
    def place(self) -> Spot | None:
        """Where the latest note was found in the work that is followed; None if it was not, or none is followed."""
        spot = self._spot
        return None if spot is None or spot.missing or self._new else spot

    def _find(self) -> None:
        """Look in the catalogue, less often the longer nothing was found."""
        heard = self._latest(QUERY_NOTES)
        if len(heard) < MIN_NOTES or self._since_lookup < max(1, len(heard) // LOOKUP_SHARE):
            self._answer = replace(self._answer, status="unknown", notes_heard=len(heard))
            return
        self._look_up(heard)

    def _look_up(self, heard: Notes) -> None:
        deep = self._since_deep >= DEEP_EVERY_NOTES
        ranked = self.identifier.look_up(heard, quick=not deep)
        self._since_lookup = 0
        if deep:
            self._since_deep = 0
        answer = self.identifier.answer(heard, ranked, _ends(heard))
        sure = answer.confidence >= max(SURE, self.identifier.confidence.threshold)
        if sure and ranked[0].aligned >= LOST_SHARE * len(heard):
            self._settle(spot_of(ranked[0], group_notes(heard)), ranked[1:])
        self._answer = replace(answer, status="matched" if sure else "unknown")

    def _follow(self, spot: Spot) -> None:
        heard = self._latest(FOLLOW_NOTES)
        query = group_notes(heard)
        now = follow(spot, query, self._new, self.identifier.ranking)
        if now.missing < LOST_NOTES and now.hit.aligned >= LOST_SHARE * len(query.pitch):
            self._settle(now, self._others)
            self._answer = self._certain(now, heard)
            if self._since_lookup >= RECHECK_NOTES:
                self._recheck(now)
            return
        self._in_doubt += self._new
        self._recover(spot)

    def _recover(self, spot: Spot) -> None:
        """The notes have stopped fitting: a jump in the work, another work, or mistakes that will pass."""
        latest = self._latest(JUMP_NOTES)
        query = group_notes(latest)
        elsewhere = find_in_work(spot.hit, query, self.identifier.ranking)
        if _fits(elsewhere, query):
            self._settle(elsewhere, self._others)
            self._answer = self._certain(elsewhere, latest)
        elif self._in_doubt >= GIVE_UP_NOTES:
            self._spot = None
            self._since_lookup = self._since_deep = QUERY_NOTES
            self._look_up(latest)
        elif self._since_lookup >= 4:
            self._look_for_another(latest)

    def _look_for_another(self, latest: Notes) -> None:
        ranked = self.identifier.look_up(latest, quick=True)
        self._since_lookup = 0
        query = group_notes(latest)
        answer = self.identifier.answer(latest, ranked, _ends(latest))
        if ranked and answer.confidence >= SURE:
            found = spot_of(ranked[0], query)
            if _fits(found, query):
                self._settle(found, ranked[1:])
                self._answer = replace(answer, status="matched")

    def _recheck(self, spot: Spot) -> None:
        """Whether another work fits the latest notes better than the one that is followed."""
        heard = self._latest(QUERY_NOTES)
        query = group_notes(heard)
        ranked = self.identifier.look_up(heard, quick=True)
        self._since_lookup = 0
        here = follow(spot, query, 0, self.identifier.ranking)
        self._others = [hit for hit in ranked if not _same_work(hit, spot.hit)]
        if self._others and self._others[0].rank > here.hit.rank + SWITCH_LEAD:
            self._settle(spot_of(self._others[0], query), self._others[1:])
            self._answer = replace(self.identifier.answer(heard, self._others, _ends(heard)), status="matched")

    def _settle(self, spot: Spot, others: Sequence[Hit]) -> None:
        self._spot = spot
        self._others = list(others)
        self._in_doubt = 0

    def _certain(self, spot: Spot, heard: Notes) -> Identification:
        """The answer while following: the confidence is at least what it took to start."""
        answer = self.identifier.answer(heard, [spot.hit], _ends(heard))
        first = replace(answer.candidates[0], confidence=max(answer.confidence, SURE))
        return Identification("matched", (first,), len(self._heard), first.confidence)

    def _latest(self, count: int) -> Notes:
        times, pitches, velocities = zip(*list(self._heard)[-count:], strict=True)
        return Notes.of(np.array(times), np.array(pitches), velocity=np.array(velocities))


def _ends(heard: Notes) -> tuple[float, float]:
    return float(heard.onset_s[0]), float(heard.onset_s[-1])


def _fits(spot: Spot, query: Grouped) -> bool:
    return spot.missing < LOST_NOTES // 2 and spot.hit.aligned >= GOOD_SHARE * len(query.pitch)


def _same_work(one: Hit, other: Hit) -> bool:
    return one.segment is other.segment and one.work == other.work
