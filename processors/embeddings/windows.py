"""Windows of notes: what the network sees of a work, of a clip or of a transcription.

Only onsets and pitches count, for these are what scores, keyboards and the transcription of sound all give: so one
network embeds them into one space.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.identify.groups import group_notes, score_tolerance_ms
from processors.notes import Notes

from .constants import HOP_NOTES, MIN_NOTES, WINDOW_NOTES

NO_NOTE = -1
"""The pitch where a short window has no note."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of equally many notes.

    Attributes:
        first: int64 [windows], number of each window's first note among the grouped notes.
        time: float32 [windows, WINDOW_NOTES], onsets since the first note, in units of WINDOW_NOTES - 1 mean gaps: a
            full window goes from 0 to 1, a short one ends before.
        pitch: int64 [windows, WINDOW_NOTES], MIDI pitch, or ``NO_NOTE``.
    """

    first: NDArray[np.int64]
    time: NDArray[np.float32]
    pitch: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)

    def take(self, which: NDArray[np.int64]) -> Windows:
        """Some of the windows."""
        return Windows(self.first[which], self.time[which], self.pitch[which])

    @classmethod
    def of(cls, notes: Notes, hop: int = HOP_NOTES) -> Windows:
        """Cut ``notes`` into windows, one every ``hop`` notes.

        Notes are numbered as ``group_notes`` orders them; a catalogue's works are in that order already. Fewer than
        WINDOW_NOTES notes make one short window, fewer than MIN_NOTES none.
        """
        grouped = group_notes(notes, score_tolerance_ms(notes))
        return cls.at(grouped.note_ms, grouped.pitch, window_starts(len(grouped.pitch), hop))

    @classmethod
    def at(cls, onset: NDArray[np.floating], pitch: NDArray[np.uint8], first: NDArray[np.int64]) -> Windows:
        """Windows that start at the notes ``first``; ``onset`` in any unit, nearly ascending."""
        length = min(len(pitch), WINDOW_NOTES) if len(first) else 1
        inside = first[:, None] + np.arange(length)
        time = np.zeros((len(first), WINDOW_NOTES), np.float32)
        pitches = np.full((len(first), WINDOW_NOTES), NO_NOTE, np.int64)
        time[:, :length] = normalised(onset[inside])
        pitches[:, :length] = pitch[inside]
        return cls(first, time, pitches)


def window_starts(count: int, hop: int) -> NDArray[np.int64]:
    """First notes of the windows of ``count`` notes: every ``hop``, and one that ends with the last note."""
    if count < MIN_NOTES:
        return np.zeros(0, np.int64)
    last = max(count - WINDOW_NOTES, 0)
    return np.unique(np.append(np.arange(0, last, hop, dtype=np.int64), last))


def normalised(onset: NDArray[np.floating]) -> NDArray[np.float32]:
    """Onsets [windows, notes] from their window's first one on, in units of WINDOW_NOTES - 1 mean gaps."""
    since = onset - onset.min(axis=1, keepdims=True)
    span = np.maximum(since.max(axis=1, keepdims=True), 1e-9)
    scaled: NDArray[np.float32] = (since / span * ((onset.shape[1] - 1) / (WINDOW_NOTES - 1))).astype(np.float32)
    return scaled
