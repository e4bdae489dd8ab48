"""Notes, played or transcribed, to frames: one step of the beat network for every onset cluster.

Live notes and notes heard in audio (``processors.onsets``) go the same way: a step per cluster trains ten times faster
than 20 ms frames, costs nothing while nothing is played, and 97 % of the beats of ASAP have an onset.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .constants import CHORD_S
from .features import FEATURES, LAST_AT, STATE_SIZE, cluster_features, features_of_notes, new_state

MAX_CLUSTER_NOTES = 64
"""Further notes of a cluster are left out: ten fingers play fewer."""
VERSION = 1
_HEAD = struct.Struct("<BdB")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One onset cluster.

    Attributes:
        time_s: when its first note began, on the source's clock.
        features: float32 [FEATURES].
    """

    time_s: float
    features: NDArray[np.float32]


class FrameBuilder:
    """Gathers one source's notes into frames, in the order in which they are played.

    A frame is told with the first note, or call of ``flush``, that is more than ``CHORD_S`` after its start. A note
    that comes late joins the cluster that is open.
    """

    def __init__(self) -> None:
        self._state = new_state()
        self._start_s = 0.0
        self._pitch: list[int] = []
        self._velocity: list[int] = []

    def add(self, time_s: float, pitch: int, velocity: int = 64) -> list[Frame]:
        """Take in a note-on; the frame that it ends, if it does.

        Raises:
            ValueError: the time is not finite, or pitch or velocity are not MIDI's.
        """
        if not np.isfinite(time_s) or not 0 <= pitch < 128 or not 0 < velocity < 128:
            raise ValueError(f"There is no note of pitch {pitch} and velocity {velocity} at {time_s} s.")
        ended = self.flush(time_s)
        if not self._pitch:
            self._start_s = max(time_s, float(self._state[LAST_AT]))
        if len(self._pitch) < MAX_CLUSTER_NOTES:
            self._pitch.append(pitch)
            self._velocity.append(velocity)
        return ended

    def flush(self, now_s: float = np.inf) -> list[Frame]:
        """The open cluster's frame, if no note at or after ``now_s`` can belong to it."""
        if not self._pitch or now_s <= self._start_s + CHORD_S:
            return []
        order = np.lexsort((self._velocity, self._pitch))
        features = np.empty(FEATURES, np.float32)
        pitch, velocity = np.array(self._pitch, np.uint8)[order], np.array(self._velocity, np.uint8)[order]
        cluster_features(self._state, self._start_s, pitch, velocity, features)
        self._pitch, self._velocity = [], []
        return [Frame(self._start_s, features)]

    @property
    def due_s(self) -> float | None:
        """When ``flush`` should be called at the latest; None while no cluster is open."""
        return self._start_s + CHORD_S if self._pitch else None

    def state_bytes(self) -> bytes:
        """All that the next frames depend on, about 3 KB."""
        head = _HEAD.pack(VERSION, self._start_s, len(self._pitch))
        return head + bytes(self._pitch) + bytes(self._velocity) + self._state.astype("<f8").tobytes()

    @classmethod
    def from_state(cls, data: bytes) -> FrameBuilder:
        """The builder that ``state_bytes`` was called on.

        Raises:
            ValueError: another version's state, or a damaged one.
        """
        builder = cls()
        count = data[_HEAD.size - 1] if len(data) >= _HEAD.size else 0
        if len(data) != _HEAD.size + 2 * count + 8 * STATE_SIZE or data[0] != VERSION:
            raise ValueError("These bytes are not a frame builder's state of this version; start a new builder.")
        _, builder._start_s, _ = _HEAD.unpack_from(data)
        at = _HEAD.size
        builder._pitch, builder._velocity = list(data[at : at + count]), list(data[at + count : at + 2 * count])
        builder._state = np.frombuffer(data, "<f8", STATE_SIZE, at + 2 * count).copy()
        return builder


def frames_of(notes: Notes) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The frames of a whole piece: float64 [frames], their times; float32 [frames, FEATURES]."""
    return features_of_notes(notes.onset_s, notes.pitch, np.maximum(notes.velocity, 1), CHORD_S, MAX_CLUSTER_NOTES)
