"""Live players, simulated: from a work's beginning or from anywhere, mostly in its key, some with more mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from processors.identify import Catalogue
from processors.notes import Notes

from .clips import TEMPO_SPREAD
from .performances import PIANIST, Player, perform, transpose

LEARNER = Player(rubato=0.2, jitter_ms=15.0, dropped=0.06, added=0.06, wrong=0.03)
LEARNERS = 0.3
FROM_THE_START = 0.3
OTHER_KEY = 0.1
"""Shares of the players."""
MIN_NOTES = 12


@dataclass(frozen=True, slots=True)
class LivePlayer:
    """What a player played, zero at the first note, and from which work, by its path in the catalogue."""

    notes: Notes
    path: str


def simulated_players(catalogue: Catalogue, count: int, notes: int, rng: np.random.Generator) -> Iterator[LivePlayer]:
    """Players of random works, each heard for about so many ``notes``."""
    works = [(segment, work) for segment in catalogue.segments for work in np.flatnonzero(~segment.removed)]
    made = 0
    while made < count:
        segment, work = works[rng.integers(len(works))]
        written = segment.work_notes(int(work))
        first = 0 if rng.random() < FROM_THE_START else int(rng.integers(max(len(written) - notes, 1)))
        begin_s = float(written.onset_s[first]) - 0.001
        passage = written.between(begin_s, float(written.onset_s[min(first + notes, len(written)) - 1]) + 0.001)
        if len(passage) < MIN_NOTES:
            continue
        semitones = int(rng.integers(-6, 7)) if rng.random() < OTHER_KEY else 0
        moved = transpose(passage, semitones, float(np.exp(rng.normal(0.0, TEMPO_SPREAD))))
        played = perform(moved, LEARNER if rng.random() < LEARNERS else PIANIST, rng)
        if len(played) < MIN_NOTES:
            continue
        made += 1
        start_s = played.onset_s[0]
        yield LivePlayer(
            Notes(played.onset_s - start_s, played.duration_s, played.pitch, played.velocity),
            segment.info(int(work)).path,
        )
