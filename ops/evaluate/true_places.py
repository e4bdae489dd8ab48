"""Performances whose place in the score is known at every beat, from two annotations that agree beat by beat."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.midi import read_midi
from processors.notes import Notes


@dataclass(frozen=True, slots=True)
class Performance:
    """A performance with its beats.

    Attributes:
        query: the performance's path.
        path: the work's, as the catalogue has it.
        notes: what was played.
        beat_s: float64 [beats], when each beat was played, ascending.
        written_s: float64 [beats], the same beats on the work's clock.
    """

    query: str
    path: str
    notes: Notes
    beat_s: NDArray[np.float64]
    written_s: NDArray[np.float64]

    def written_at(self, played_s: float) -> float:
        """Where in the work the player was, between beats by interpolation."""
        return float(np.interp(played_s, self.beat_s, self.written_s))

    def played_at(self, written_s: float) -> float:
        """When the player was there; far off beyond the ends, by the written tempo."""
        beyond = min(written_s - self.written_s[0], 0.0) + max(written_s - self.written_s[-1], 0.0)
        return float(np.interp(written_s, self.written_s, self.beat_s) + beyond)


def performances_from_csv(path: Path, root: Path) -> Iterator[Performance]:
    """Those rows of a manifest whose beats are aligned.

    The columns are query_path, reference_path, annotation_path, reference_annotation_path and beats_aligned, as the
    ASAP dataset has them (Foscarin et al., ISMIR 2020).
    """
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["beats_aligned"] != "1":
                continue
            played, written = (_beats(root / row[name]) for name in ("annotation_path", "reference_annotation_path"))
            if len(played) != len(written):
                continue
            rising = np.flatnonzero((np.diff(played, prepend=-1.0) > 0) & (np.diff(written, prepend=-1.0) > 0))
            yield Performance(
                row["query_path"],
                row["reference_path"],
                read_midi((root / row["query_path"]).read_bytes()),
                played[rising],
                written[rising],
            )


def different_works(performances: Iterator[Performance], limit: int | None = None) -> list[Performance]:
    """The first performance of each work; with a ``limit`` so many of them, spread evenly."""
    first: dict[str, Performance] = {}
    for performance in performances:
        first.setdefault(performance.path, performance)
    found = list(first.values())
    if limit is None or limit >= len(found):
        return found
    return [found[index] for index in np.linspace(0, len(found) - 1, limit).round().astype(int)]


def _beats(path: Path) -> NDArray[np.float64]:
    with path.open() as file:
        return np.array([float(line.split()[0]) for line in file if line.strip()])
