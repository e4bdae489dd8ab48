"""Live identification: follows one player, note by note."""

from __future__ import annotations

from collections import deque

import numpy as np

from processors.notes import Notes

from .matcher import Identification, Identifier

QUERY_NOTES = 48
"""So many of the latest notes are looked up."""


class LiveTracker:
    """Hears one player's notes and says what is played: ``unknown`` until sure, then the work and the place in it.

    The first candidate's ``ref_end_s`` is where the player is. Not safe to use from several threads at once.
    """

    def __init__(self, identifier: Identifier, window_s: float = 30.0, window_max_notes: int = 256) -> None:
        self.identifier = identifier
        self._window_s = window_s
        self._heard: deque[tuple[float, int, int]] = deque(maxlen=window_max_notes)
        self._answer = Identification("unknown", (), 0)
        self._fresh = True

    def add(self, time_s: float, pitch: int, velocity: int) -> None:
        """Hear a note-on at ``time_s`` on the player's clock."""
        self._heard.append((time_s, pitch, velocity))
        while self._heard[0][0] < time_s - self._window_s:
            self._heard.popleft()
        self._fresh = False

    def answer(self) -> Identification:
        """What is being played, as far as can be said now."""
        if not self._fresh:
            self._answer = self.identifier.identify(self._latest())
            self._fresh = True
        return self._answer

    def _latest(self) -> Notes:
        latest = list(self._heard)[-QUERY_NOTES:]
        times, pitches, velocities = zip(*latest, strict=True)
        return Notes.of(np.array(times), np.array(pitches), velocity=np.array(velocities))
