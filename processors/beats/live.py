"""One player's notes to beats: frames, network and tracker in a row, without Kafka between them."""

from __future__ import annotations

import numpy as np

from processors.notes import Notes

from .frames import Frame, FrameBuilder
from .network import BeatNetwork
from .tracker import Beat, BeatTracker, Settings


class LiveBeats:
    """Hears one player; one thread at a time.

    A beat with an onset is told ``constants.CHORD_S`` after it, one without shortly after it has passed.
    """

    def __init__(self, network: BeatNetwork, settings: Settings | None = None) -> None:
        self._network = network
        self._builder = FrameBuilder()
        self._tracker = BeatTracker(settings)
        self._state = network.initial_state()

    def add(self, time_s: float, pitch: int, velocity: int = 64) -> list[Beat]:
        """Hear a note-on; the beats that are now certain."""
        return self._track(self._builder.add(time_s, pitch, velocity))

    def advance(self, now_s: float) -> list[Beat]:
        """Nothing more was played up to ``now_s``; the beats that are now certain."""
        beats = self._track(self._builder.flush(now_s))
        return beats if self._builder.due_s is not None else beats + self._tracker.advance(now_s)

    def finish(self) -> list[Beat]:
        """The last note has been played."""
        return self._track(self._builder.flush())

    def _track(self, frames: list[Frame]) -> list[Beat]:
        beats: list[Beat] = []
        for frame in frames:
            activation, self._state = self._network.step(frame.features[None], self._state)
            beats += self._tracker.add(frame.time_s, activation[0])
        return beats


def beats_of(notes: Notes, network: BeatNetwork, settings: Settings | None = None) -> list[Beat]:
    """The beats of a whole piece, as a live listener would have told them."""
    live = LiveBeats(network, settings)
    beats: list[Beat] = []
    for time_s, pitch, velocity in zip(notes.onset_s, notes.pitch, np.maximum(notes.velocity, 1), strict=True):
        beats += live.add(float(time_s), int(pitch), int(velocity))
    return beats + live.finish()
