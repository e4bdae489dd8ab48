"""Music made for the tests: works that are random but never the same, and clips cut from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from processors.identify import WorkEntry
from processors.midi import write_midi
from processors.notes import Notes
from schemas.events import NoteEvent

WORK_S = 60.0
NOTES_PER_S = 5


@dataclass(frozen=True, slots=True)
class Piece:
    """A work and its notes."""

    work_id: str
    notes: Notes

    @property
    def midi(self) -> bytes:
        return write_midi(self.notes)

    def entry(self) -> WorkEntry:
        return WorkEntry(self.work_id, f"Study {self.work_id}", "Nobody", f"{self.work_id}.mid", self.notes)

    def clip(self, start_s: float, length_s: float = 8.0) -> bytes:
        """A stretch of the piece as a Standard MIDI File."""
        return write_midi(self.notes.between(start_s, start_s + length_s))

    def played(self, source_id: str, start_s: float, length_s: float) -> list[NoteEvent]:
        """A stretch of the piece as a live player's note-ons."""
        part = self.notes.between(start_s, start_s + length_s)
        return [
            NoteEvent(
                source_id=source_id,
                session_id=f"{source_id}-session",
                sequence=number,
                time_s=float(part.onset_s[number]),
                type="note_on",
                pitch=int(part.pitch[number]),
                velocity=64,
            )
            for number in range(len(part))
        ]


def make_piece(seed: int) -> Piece:
    """A melody that wanders, in uneven rhythm."""
    rng = np.random.default_rng(seed)
    count = int(WORK_S * NOTES_PER_S)
    onset_s = np.cumsum(rng.choice([0.1, 0.2, 0.3], count))
    pitch = np.clip(60 + np.cumsum(rng.integers(-4, 5, count)), 36, 84)
    return Piece(f"study-{seed}", Notes.of(onset_s, pitch, np.full(count, 0.1)))
