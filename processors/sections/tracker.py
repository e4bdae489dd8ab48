"""Sections of music that is still being played: one tracker a source, told of each beat."""

from __future__ import annotations

import io
import zipfile
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .features import EARLY_S, TIMBRE, VECTOR, step_features
from .labels import LABELS, Label
from .memory import Memory
from .network import LiveNetwork
from .steps import LONGEST_S, SHORTEST_S

MAX_PENDING = 4096
"""Notes of a step that are kept; a step has some ten."""
RELABEL_STEPS = 12
"""A section may be renamed while it is so young; later another label starts another section."""
LEAST_STEPS = 6
"""A section is not shorter than this."""
MAX_STEP_S = 8.0
"""A longer pause between beats is cut to this."""
STATE_VERSION = 1


@dataclass(frozen=True, slots=True)
class LiveSection:
    """A section as far as it is known.

    Attributes:
        label: what it seems to be; may change while the section is young, with ``start_s`` the same.
        start_s: where it began, on the source's clock.
        end_s: where it ended; nothing while it goes on.
        confidence: how probable the label is, 0-1.
    """

    label: Label
    start_s: float
    end_s: float | None
    confidence: float


class StateError(ValueError):
    """Bytes that are no state of a tracker, or that of another version."""


class SectionTracker:
    """Tells the present section from beats and notes; for one source, and one thread at a time.

    A section is told of some steps after it began: ``delay_steps`` beats of usual length. The same calls always give
    the same answers, also when the state was saved and restored between them.
    """

    def __init__(self, network: LiveNetwork | None = None) -> None:
        self._network = network or LiveNetwork.shipped()
        self._memory = Memory()
        self._state = self._network.initial_state()
        self._pending: list[Notes] = []
        self._beat_s: float | None = None
        self._held_s: float | None = None
        self._period_s = 0.0
        self._edges: deque[float] = deque(maxlen=self._network.delay + 1)
        self._age = 0
        self._current: LiveSection | None = None

    @property
    def delay_steps(self) -> int:
        """How many steps (beats of .45-.9 s) after its start a section is told of."""
        return self._network.delay

    @property
    def current(self) -> LiveSection | None:
        """The section that goes on; nothing before the second beat, or while nothing has been played."""
        return self._current

    @property
    def made_by(self) -> str:
        """The model's version."""
        return self._network.version

    def add(self, beat_s: float, notes: Notes) -> list[LiveSection]:
        """Take in a beat and the notes that were played before it.

        Args:
            beat_s: when the beat is, on the source's clock; one not later than the last is ignored, its notes kept.
            notes: the notes played since the last call, on the same clock; some may be later than the beat.

        Returns:
            the sections that began, ended or were renamed, in order; most beats change nothing.
        """
        if len(notes):
            self._pending.append(notes)
        if self._beat_s is None:
            self._beat_s = beat_s
        if beat_s <= self._beat_s:
            return []
        start_s, self._beat_s = self._beat_s, beat_s
        length_s = min(beat_s - start_s, MAX_STEP_S)
        self._period_s = length_s if not self._period_s else 0.75 * self._period_s + 0.25 * length_s
        if self._held_s is not None:
            start_s, self._held_s = self._held_s, None
        elif self._period_s < SHORTEST_S:
            self._held_s = start_s
            return []
        halves = 2 if self._period_s >= LONGEST_S else 1
        edge_s = np.linspace(max(start_s, beat_s - 2 * MAX_STEP_S), beat_s, halves + 1)
        return [section for i in range(halves) for section in self._step(float(edge_s[i]), float(edge_s[i + 1]))]

    def _step(self, start_s: float, end_s: float) -> list[LiveSection]:
        features = step_features(self._take(end_s), np.array([start_s, end_s]))
        if self._current is None and not features.heard[0].any():
            return []
        live = self._memory.add(features.heard[0], features.vector[0], end_s - start_s)
        boundary, probability, self._state = self._network.run(live, self._state)
        return self.judge(start_s, boundary, probability)

    def judge(self, start_s: float, boundary: float, probability: NDArray[np.float64]) -> list[LiveSection]:
        """Draw conclusions from what the network says of the step that starts at ``start_s``."""
        self._edges.append(start_s)
        self._age += 1
        best = int(probability.argmax())
        label, confidence = LABELS[best], round(float(probability[best]), 4)
        current = self._current
        if current is None:
            return [self._begin(label, self._edges[-1], confidence, 1)]
        delayed = len(self._edges) == self._network.delay + 1 and self._age - self._network.delay >= LEAST_STEPS
        if delayed and boundary >= self._network.threshold:
            ended = replace(current, end_s=self._edges[0])
            return [ended, self._begin(label, self._edges[0], confidence, self._network.delay + 1)]
        present = float(probability[LABELS.index(current.label)])
        self._current = replace(current, confidence=round(present, 4))
        if label == current.label or confidence - present < self._network.margin:
            return []
        if self._age <= RELABEL_STEPS:
            self._current = replace(current, label=label, confidence=confidence)
            return [self._current]
        ended = replace(current, end_s=self._edges[-1])
        return [ended, self._begin(label, self._edges[-1], confidence, 1)]

    def _begin(self, label: Label, start_s: float, confidence: float, age: int) -> LiveSection:
        self._current = LiveSection(label, start_s, None, confidence)
        self._age = age
        return self._current

    def _take(self, end_s: float) -> Notes:
        """The notes of a step, which are then forgotten; later ones are kept."""
        waiting = _joined(self._pending)
        later = int(np.searchsorted(waiting.onset_s, end_s - EARLY_S))
        rest = _part(waiting, slice(later, later + MAX_PENDING))
        self._pending = [rest] if len(rest) else []
        return _part(waiting, slice(max(0, later - MAX_PENDING), later))

    def state_bytes(self) -> bytes:
        """All that the tracker knows, some kilobytes; see ``from_state``."""
        waiting = _joined(self._pending)
        current = self._current
        file = io.BytesIO()
        np.savez_compressed(
            file,
            version=np.array([STATE_VERSION]),
            made_by=np.array(self.made_by),
            vectors=self._memory.vectors,
            mean=self._memory.mean,
            network=self._state,
            counts=np.array([self._memory.steps, self._age]),
            clock=np.array([np.nan if x is None else x for x in (self._beat_s, self._held_s, self._period_s)]),
            edges=np.array(self._edges),
            onset_s=waiting.onset_s,
            duration_s=waiting.duration_s,
            pitch=waiting.pitch,
            velocity=waiting.velocity,
            label=np.array([] if current is None else [LABELS.index(current.label)], np.int64),
            section=np.array([] if current is None else [current.start_s, current.confidence]),
        )
        return file.getvalue()

    @classmethod
    def from_state(cls, state: bytes, network: LiveNetwork | None = None) -> SectionTracker:
        """The tracker that ``state_bytes`` was called of.

        Raises:
            StateError: the bytes are damaged, or of another version; start a new tracker.
        """
        tracker = cls(network)
        try:
            with np.load(io.BytesIO(state), allow_pickle=False) as raw:
                tracker._restore({name: raw[name] for name in raw.files})
        except (ValueError, KeyError, IndexError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise StateError(f"The bytes are no state of this section tracker: {error}") from error
        return tracker

    def _restore(self, raw: dict[str, NDArray[np.generic]]) -> None:
        if int(raw["version"][0]) != STATE_VERSION or str(raw["made_by"]) != self.made_by:
            raise ValueError(f"it was saved by {raw['made_by']}, not by {self.made_by}.")
        if raw["vectors"].shape[1:] != (VECTOR,) or raw["mean"].shape != (TIMBRE,):
            raise ValueError("its arrays have other shapes.")
        beat_s, held_s, period_s = (float(x) for x in raw["clock"])
        self._memory = Memory(raw["vectors"].astype(np.uint8), raw["mean"].astype(np.float32), int(raw["counts"][0]))
        self._state = raw["network"].astype(np.float32)
        self._age = int(raw["counts"][1])
        self._beat_s = None if np.isnan(beat_s) else beat_s
        self._held_s = None if np.isnan(held_s) else held_s
        self._period_s = period_s
        self._edges.extend(float(x) for x in raw["edges"])
        names = ("onset_s", "duration_s", "pitch", "velocity")
        waiting = Notes(*(raw[name] for name in names))  # type: ignore[arg-type]
        self._pending = [waiting] if len(waiting) else []
        if len(raw["label"]):
            start_s, confidence = (float(x) for x in raw["section"])
            self._current = LiveSection(LABELS[int(raw["label"][0])], start_s, None, confidence)


def _joined(parts: list[Notes]) -> Notes:
    if not parts:
        return Notes.of(np.zeros(0), np.zeros(0, np.uint8))
    if len(parts) == 1:
        return parts[0]
    columns = [
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("onset_s", "pitch", "duration_s", "velocity")
    ]
    return Notes.of(*columns)


def _part(notes: Notes, which: slice) -> Notes:
    return Notes(notes.onset_s[which], notes.duration_s[which], notes.pitch[which], notes.velocity[which])
