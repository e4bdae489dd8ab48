"""Activations to beats, as they happen: where the beats are, which is a downbeat, and when the next one will be."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .bar_pointer import DEFAULTS, PERIOD_S, PHASES, TEMPI, new_pointer, pointer_step, tempo_on_beat
from .bars import METRE_OF, PLACE_OF, PLACES, bar_step, new_bar

VERSION = 1
STEADY_RATE, STEADY_SHARE = 0.12, 0.06
"""Music is steady as far as its latest beats came within this share of a beat of when they were expected."""
_HEAD = struct.Struct("<B5di")


@dataclass(frozen=True, slots=True)
class Beat:
    """One beat.

    Attributes:
        time_s: on the source's clock.
        position: in the bar; 1 is the downbeat.
        downbeat: whether it is.
        beats_per_bar: of the metre.
        tempo_bpm: beats a minute.
        confidence: the probability that this is a beat.
        next_beat_s: when the next one is expected.
        work_id: the work whose score says so; None where it was heard.
    """

    time_s: float
    position: int
    downbeat: bool
    beats_per_bar: int
    tempo_bpm: float
    confidence: float
    next_beat_s: float
    work_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How the tracker weighs what it knows; fitted on simulated performances.

    Attributes:
        pointer: see ``bar_pointer.DEFAULTS``.
        bias, by_network, by_pointer: of the log odds that an onset is a beat; the pointer counts more in steady music.
        downbeat_bias, downbeat_by_network, downbeat_by_bar: of the log odds that a beat is a downbeat.
        least_gap: no beat sooner after another than this share of the beat's length.
        late: a beat without onset is given up waiting for after this share of its length, and ...
        late_s: ... at least so many seconds.
        silent_confidence, silent_steady: from how sure, and in how steady music, a beat without onset is told.
        most_silent: so many in a row at most.
        silence_s: a gap after which all is forgotten.
    """

    pointer: NDArray[np.float64] = field(default_factory=lambda: DEFAULTS.copy())
    bias: float = 0.2
    by_network: float = 0.6
    by_pointer: float = 0.1
    by_pointer_steady: float = 0.85
    downbeat_bias: float = 1.0
    downbeat_by_network: float = 0.8
    downbeat_by_bar: float = 0.5
    downbeat_by_bar_steady: float = 0.0
    least_gap: float = 0.5
    late: float = 0.12
    late_s: float = 0.070
    silent_confidence: float = 0.6
    silent_steady: float = 0.65
    most_silent: int = 3
    silence_s: float = 6.0


class BeatTracker:
    """One source's beats. The same activations give the same beats, bit for bit, also from a restored state.

    An onset that is a beat is told at once; a beat without onset shortly after it has passed.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings()
        self._pointer = new_pointer()
        self._bar = new_bar()
        self._onset_s = self._beat_s = -np.inf
        self._period_s = self._sure = self._steady = 0.0
        self._silent = 0

    def add(self, frame_time_s: float, activation: NDArray[np.float32]) -> list[Beat]:
        """Take in a frame; the beats that are now certain.

        Args:
            frame_time_s: when the onset was; not before the last.
            activation: float32 [2], beat and downbeat.
        """
        known = self._settings
        beats = self.advance(frame_time_s)
        gap_s = max(frame_time_s - self._onset_s, 0.0)
        if gap_s > known.silence_s:
            self._forget()
            gap_s = 0.0
        beat, downbeat = float(activation[0]), float(activation[1])
        chance = pointer_step(self._pointer, gap_s, beat, PERIOD_S, known.pointer)
        self._onset_s = frame_time_s
        odds = known.bias + known.by_network * _logit(beat)
        odds += (known.by_pointer + known.by_pointer_steady * self._steady) * _logit(chance)
        if odds > 0.0 and frame_time_s - self._beat_s > known.least_gap * self._period_s:
            beats.append(self._tell(frame_time_s, _chance(odds), downbeat / max(beat, 1e-3)))
            self._silent = 0
        return beats

    def advance(self, now_s: float) -> list[Beat]:
        """The beats without onset that have passed by ``now_s``, given that no onset came before it."""
        known = self._settings
        beats: list[Beat] = []
        while self._silent < known.most_silent and self._period_s > 0.0:
            due_s = self._beat_s + self._period_s
            if now_s <= due_s + max(known.late * self._period_s, known.late_s):
                break
            sure = self._sure * 0.8
            if sure < known.silent_confidence or self._steady < known.silent_steady:
                break
            self._silent += 1
            beats.append(self._tell(due_s, sure, None))
        return beats

    def _tell(self, time_s: float, sure: float, downbeat: float | None) -> Beat:
        known = self._settings
        if downbeat is not None:
            late = abs(time_s - self._beat_s - self._period_s)
            self._steady += STEADY_RATE * (float(late < STEADY_SHARE * self._period_s) - self._steady)
            period_s, agreed = tempo_on_beat(self._pointer, PERIOD_S, self._period_s)
            self._period_s = period_s
            self._sure = agreed * sure
        else:
            self._sure = sure
        self._beat_s = time_s
        self._bar = bar_step(self._bar, 0.35 if downbeat is None else downbeat)
        first = float(self._bar[PLACE_OF == 0].sum())
        by_bar = known.downbeat_by_bar + known.downbeat_by_bar_steady * self._steady
        odds = known.downbeat_bias + by_bar * _logit(first)
        odds += known.downbeat_by_network * _logit(0.35 if downbeat is None else downbeat)
        is_first = odds > 0.0
        best = int(np.argmax(np.where((PLACE_OF == 0) == is_first, self._bar, -1.0)))
        return Beat(
            time_s,
            int(PLACE_OF[best]) + 1,
            is_first,
            int(METRE_OF[best]),
            60.0 / self._period_s,
            sure,
            time_s + self._period_s,
        )

    def _forget(self) -> None:
        self._pointer = new_pointer()
        self._bar = new_bar()
        self._period_s = self._sure = self._steady = 0.0

    def state_bytes(self) -> bytes:
        """All that the next beats depend on, some KB."""
        numbers = (self._onset_s, self._beat_s, self._period_s, self._sure, self._steady)
        head = _HEAD.pack(VERSION, *numbers, self._silent)
        return head + self._bar.astype("<f8").tobytes() + zlib.compress(self._pointer.astype("<f4").tobytes(), 6)

    @classmethod
    def from_state(cls, data: bytes, settings: Settings | None = None) -> BeatTracker:
        """The tracker that ``state_bytes`` was called on.

        Raises:
            ValueError: another version's state, or a damaged one.
        """
        tracker = cls(settings)
        at = _HEAD.size + 8 * len(PLACES)
        if len(data) < at or data[0] != VERSION:
            raise ValueError("These bytes are not a beat tracker's state of this version; start a new tracker.")
        numbers = _HEAD.unpack_from(data)
        tracker._onset_s, tracker._beat_s, tracker._period_s, tracker._sure, tracker._steady = numbers[1:6]
        tracker._silent = numbers[6]
        tracker._bar = np.frombuffer(data, "<f8", len(PLACES), _HEAD.size).copy()
        try:
            pointer = zlib.decompress(data[at:])
            tracker._pointer = np.frombuffer(pointer, "<f4", TEMPI * PHASES).reshape(TEMPI, PHASES).copy()
        except (zlib.error, ValueError) as error:
            raise ValueError("A beat tracker's state is damaged; start a new tracker.") from error
        return tracker


def _logit(chance: float) -> float:
    inside = min(max(chance, 1e-4), 1.0 - 1e-4)
    return float(np.log(inside / (1.0 - inside)))


def _chance(odds: float) -> float:
    return float(1.0 / (1.0 + np.exp(-odds)))
