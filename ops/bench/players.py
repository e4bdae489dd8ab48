"""Live players for benchmarks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from connectors.importers import ImportedWork
from processors.midi import read_midi
from schemas.events import NoteEvent


def player(
    works: Sequence[ImportedWork], source_id: str, count: int, per_s: float, rng: np.random.Generator
) -> list[NoteEvent]:
    """A player who goes through works, each at the tempo that makes it ``per_s`` notes a second on average."""
    events: list[NoteEvent] = []
    while len(events) < count:
        notes = read_midi(works[int(rng.integers(len(works)))].midi)
        begin_s = len(events) / per_s
        stretch = len(notes) / per_s / max(notes.onset_s[-1], 1.0)
        events += [
            NoteEvent(
                source_id=source_id,
                session_id="bench",
                sequence=len(events) + index,
                time_s=begin_s + float(onset_s) * stretch,
                type="note_on",
                pitch=int(pitch),
                velocity=80,
            )
            for index, (onset_s, pitch) in enumerate(zip(notes.onset_s, notes.pitch, strict=True))
        ]
    return events[:count]
