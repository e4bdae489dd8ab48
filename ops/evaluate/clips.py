"""Query clips with their truth: cut from recordings by a CSV, or simulated from the catalogue's own works."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from processors.identify import Catalogue
from processors.midi import cut, read_midi
from processors.notes import Notes
from processors.training.performances import Player, perform


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


def clips_from_csv(path: Path, root: Path, limit: int | None = None) -> Iterator[TrueClip]:
    """Clips of a CSV with query_path, start_s, length_s, reference_path, ref_start_s and ref_end_s."""
    parsed: dict[str, Notes] = {}
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if limit is not None and number >= limit:
                return
            query = row["query_path"]
            if query not in parsed:
                parsed[query] = read_midi((root / query).read_bytes())
            length = float(row["length_s"])
            yield TrueClip(
                cut(parsed[query], float(row["start_s"]), length),
                length,
                row["reference_path"],
                float(row["ref_start_s"]) if row.get("ref_start_s") else None,
                float(row["ref_end_s"]) if row.get("ref_end_s") else None,
            )


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
        tempo = float(np.exp(rng.normal(0.0, 0.25)))
        start = rng.uniform(0.0, max(notes.end_s - length * tempo, 0.01))
        passage = notes.between(start, start + 1.5 * length * tempo)
        if len(passage) < 6:
            continue
        slower = Notes(passage.onset_s / tempo, passage.duration_s, passage.pitch, passage.velocity)
        clip = perform(slower, player, rng).between(0.0, length)
        if len(clip) < 6:
            continue
        made += 1
        yield TrueClip(clip, length, segment.info(int(work)).path, start, start + length * tempo)
