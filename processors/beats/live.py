"""One player's notes to beats: frames, network, tracker and, of a known work, the score, without Kafka between them."""

from __future__ import annotations

import numpy as np

from processors.identify import Identifier, LiveTracker
from processors.notes import Notes

from .following import ScoreFollower
from .frames import Frame, FrameBuilder
from .network import BeatNetwork
from .score import KnownWork, ScoreInformedBeats
from .tracker import Beat, BeatTracker, Settings

APART_BEATS, APART_NOTES = 2.0, 4
"""When the search has the player so far from where he is followed, for so many notes in a row, the search is right."""


class LiveBeats:
    """Hears one player; one thread at a time.

    A beat with an onset is told ``constants.CHORD_S`` after it, one without shortly after it has passed. With an
    identifier, the beats of a work that is recognised come from its score.
    """

    def __init__(
        self, network: BeatNetwork, identifier: Identifier | None = None, settings: Settings | None = None
    ) -> None:
        self._network = network
        self._builder = FrameBuilder()
        self._tracker = BeatTracker(settings)
        self._state = network.initial_state()
        self._joined = ScoreInformedBeats()
        self._player = None if identifier is None else LiveTracker(identifier)
        self._works: dict[str, KnownWork | None] = {}
        self._follower: ScoreFollower | None = None
        self._following: KnownWork | None = None
        self._shift, self._apart, self._place_s = 0, 0, 0.0

    def add(self, time_s: float, pitch: int, velocity: int = 64) -> list[Beat]:
        """Hear a note-on; the beats that are now certain."""
        beats = self._joined.heard(self._track(self._builder.add(time_s, pitch, velocity)))
        if self._player is None:
            return beats
        self._player.add(time_s, pitch, velocity)
        return beats + self._follow(self._player, time_s, pitch)

    def advance(self, now_s: float) -> list[Beat]:
        """Nothing more was played up to ``now_s``; the beats that are now certain."""
        beats = self._track(self._builder.flush(now_s))
        if self._builder.due_s is None:
            beats += self._tracker.advance(now_s)
        # The score's clock first: when it has lost the player, the network's beats are told again.
        told = self._joined.advance(now_s)
        return told + self._joined.heard(beats)

    def finish(self) -> list[Beat]:
        """The last note has been played."""
        return self._joined.heard(self._track(self._builder.flush()))

    def _follow(self, player: LiveTracker, time_s: float, pitch: int) -> list[Beat]:
        answer = player.answer()
        spot = player.place
        told: list[Beat] = []
        pace = self._joined.pace
        if self._follower is not None and pace is not None and self._following is not None:
            place = self._follower.add(time_s, pitch, pace)
            if place is not None:
                self._place_s = place[0]
                told = self._joined.at(place[1], self._following, place[0], 1.0 / pace)
        if spot is None or answer.status != "matched":
            return told + self._joined.advance(time_s)
        best = answer.candidates[0]
        if best.work_id not in self._works:
            catalogue = player.identifier.catalogue
            beats = catalogue.score_beats(best.work_id)
            onset_s = spot.segment.group_onsets_s(spot.work)
            self._works[best.work_id] = None if beats is None else KnownWork.of(best.work_id, beats, onset_s)
        work = self._works[best.work_id]
        if work is None:
            return told + self._joined.advance(time_s)
        if self._joined.work_id == work.work_id and self._shift == best.transposition:
            away = abs(work.beats.beat_at(spot.work_s) - work.beats.beat_at(self._place_s))
            self._apart = self._apart + 1 if away > APART_BEATS else 0
            if self._apart < APART_NOTES:
                return told + self._joined.advance(time_s)
        self._apart = 0
        notes = spot.segment.work_notes(spot.work)
        self._follower = ScoreFollower(notes.onset_s, notes.pitch, best.transposition)
        self._follower.begin(time_s, spot.work_s)
        self._following, self._shift, self._place_s = work, best.transposition, spot.work_s
        return told + self._joined.begin(time_s, work, spot.work_s, best.tempo_ratio)

    def _track(self, frames: list[Frame]) -> list[Beat]:
        beats: list[Beat] = []
        for frame in frames:
            activation, self._state = self._network.step(frame.features[None], self._state)
            beats += self._tracker.add(frame.time_s, activation[0])
        return beats


def beats_of(
    notes: Notes, network: BeatNetwork, identifier: Identifier | None = None, settings: Settings | None = None
) -> list[Beat]:
    """The beats of a whole piece, as a live listener would have told them."""
    live = LiveBeats(network, identifier, settings)
    beats: list[Beat] = []
    for time_s, pitch, velocity in zip(notes.onset_s, notes.pitch, np.maximum(notes.velocity, 1), strict=True):
        beats += live.add(float(time_s), int(pitch), int(velocity))
    return beats + live.finish()
