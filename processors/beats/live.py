"""One player's notes to beats: frames, network, tracker and, of a known work, the score, without Kafka between them."""

from __future__ import annotations

import numpy as np

from processors.identify import Identifier, LiveTracker
from processors.notes import Notes

from .followed import FollowedBeats
from .frames import Frame, FrameBuilder
from .network import StepNetwork
from .score import KnownWork
from .tracker import Beat, BeatTracker, Settings


class LiveBeats:
    """Hears one player; one thread at a time.

    A beat with an onset is told ``constants.CHORD_S`` after it, one without shortly after it has passed. With an
    identifier, the beats of a work that is recognised come from its score.
    """

    def __init__(
        self, network: StepNetwork, identifier: Identifier | None = None, settings: Settings | None = None
    ) -> None:
        self._network = network
        self._builder = FrameBuilder()
        self._tracker = BeatTracker(settings)
        self._state = network.initial_state()
        self._beats = FollowedBeats()
        self._player = None if identifier is None else LiveTracker(identifier)
        self._works: dict[str, KnownWork | None] = {}

    def add(self, time_s: float, pitch: int, velocity: int = 64) -> list[Beat]:
        """Hear a note-on; the beats that are now certain."""
        beats = self._beats.heard(self._track(self._builder.add(time_s, pitch, velocity)))
        if self._player is None:
            return beats
        self._player.add(time_s, pitch, velocity)
        return beats + self._beats.note(time_s, pitch) + self._search(self._player, time_s)

    def advance(self, now_s: float) -> list[Beat]:
        """Nothing more was played up to ``now_s``; the beats that are now certain."""
        beats = self._track(self._builder.flush(now_s))
        if self._builder.due_s is None:
            beats += self._tracker.advance(now_s)
        # The score's clock first: when it has lost the player, the network's beats are told again.
        told = self._beats.advance(now_s)
        return told + self._beats.heard(beats)

    def finish(self) -> list[Beat]:
        """The last note has been played."""
        return self._beats.heard(self._track(self._builder.flush()))

    def _search(self, player: LiveTracker, time_s: float) -> list[Beat]:
        """Where the search has the player, if it knows the work and the work has beats."""
        answer, spot = player.answer(), player.place
        if spot is None or answer.status != "matched":
            return []
        best = answer.candidates[0]
        if best.work_id not in self._works:
            beats = player.identifier.catalogue.score_beats(best.work_id)
            notes = spot.segment.work_notes(spot.work)
            self._works[best.work_id] = None if beats is None else KnownWork.of(best.work_id, notes, beats)
        work = self._works[best.work_id]
        if work is None:
            return []
        return self._beats.found(time_s, work, spot.work_s, best.transposition, best.tempo_ratio)

    def _track(self, frames: list[Frame]) -> list[Beat]:
        beats: list[Beat] = []
        for frame in frames:
            activation, self._state = self._network.step(frame.features[None], self._state)
            beats += self._tracker.add(frame.time_s, activation[0])
        return beats


def beats_of(
    notes: Notes, network: StepNetwork, identifier: Identifier | None = None, settings: Settings | None = None
) -> list[Beat]:
    """The beats of a whole piece, as a live listener would have told them."""
    live = LiveBeats(network, identifier, settings)
    beats: list[Beat] = []
    for time_s, pitch, velocity in zip(notes.onset_s, notes.pitch, np.maximum(notes.velocity, 1), strict=True):
        beats += live.add(float(time_s), int(pitch), int(velocity))
    return beats + live.finish()
