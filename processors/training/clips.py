"""Query clips with their truth, simulated from the works of a catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from processors.identify import Catalogue
from processors.notes import Notes

from .performances import Player, perform

TEMPO_SPREAD = 0.45
"""Standard deviation of the logarithm of the tempo ratio: scores often come with a tempo that nobody plays."""
MIN_NOTES = 6
DENSE_NOTES_PER_S = 10.0


@dataclass(frozen=True, slots=True)
class TrueClip:
    """A query and what it is.

    Attributes:
        notes: the clip, zero at its start.
        length_s: its length.
        path: the work, by its path in the catalogue.
        ref_start_s, ref_end_s: where it lies in the work; None where not known.
    """

    notes: Notes
    length_s: float
    path: str
    ref_start_s: float | None
    ref_end_s: float | None


def dense_clips(
    catalogue: Catalogue, count: int, lengths_s: tuple[float, ...], player: Player, rng: np.random.Generator
) -> Iterator[TrueClip]:
    """The same with as many notes as pianists play: of songs and slow pieces fewer are taken, so many each length."""
    wanted = {length: count // len(lengths_s) + (i < count % len(lengths_s)) for i, length in enumerate(lengths_s)}
    while any(wanted.values()):
        for clip in simulated_clips(catalogue, len(lengths_s), lengths_s, player, rng):
            chance = (len(clip.notes) / clip.length_s / DENSE_NOTES_PER_S) ** 1.5
            if wanted[clip.length_s] and rng.random() < chance:
                wanted[clip.length_s] -= 1
                yield clip


def simulated_clips(
    catalogue: Catalogue, count: int, lengths_s: tuple[float, ...], player: Player, rng: np.random.Generator
) -> Iterator[TrueClip]:
    """Passages of random works, played by a simulated player; only with at least six notes."""
    works = [(segment, work) for segment in catalogue.segments for work in np.flatnonzero(~segment.removed)]
    made = 0
    while made < count:
        segment, work = works[rng.integers(len(works))]
        notes = segment.work_notes(int(work))
        length = lengths_s[made % len(lengths_s)]
        tempo = float(np.exp(rng.normal(0.0, TEMPO_SPREAD)))
        start = rng.uniform(0.0, max(notes.end_s - length * tempo, 0.01))
        passage = notes.between(start, start + 1.5 * length * tempo)
        if len(passage) < MIN_NOTES:
            continue
        slower = Notes(passage.onset_s / tempo, passage.duration_s, passage.pitch, passage.velocity)
        clip = perform(slower, player, rng).between(0.0, length)
        if len(clip) < MIN_NOTES:
            continue
        made += 1
        yield TrueClip(clip, length, segment.info(int(work)).path, start, start + length * tempo)
