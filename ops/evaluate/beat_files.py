"""Music whose beats are annotated: ASAP's performances and the songs of POP909 that are kept for measuring."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.training.beats.pop909_bars import audited_downbeats

HELD_OUT_DIGIT = "0"
"""POP909 songs whose number ends in this are not trained on."""


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedFile:
    """A file and what is to be found in it.

    Attributes:
        path: of the music.
        beat_s, downbeat_s: float64, seconds, as annotated.
        work: the path of its score, where there is one.
        audited_s: float64, downbeats that begin a bar of the annotated phrases; None where none are.
    """

    path: Path
    beat_s: NDArray[np.float64]
    downbeat_s: NDArray[np.float64]
    work: str | None = None
    audited_s: NDArray[np.float64] | None = None

    def until(self, end_s: float) -> AnnotatedFile:
        """Only what lies before ``end_s``."""
        audited_s = self.audited_s
        return replace(
            self,
            beat_s=self.beat_s[self.beat_s < end_s],
            downbeat_s=self.downbeat_s[self.downbeat_s < end_s],
            audited_s=None if audited_s is None else audited_s[audited_s < end_s],
        )


def asap_files(root: Path) -> list[AnnotatedFile]:
    """The performances of ``root/asap/manifest.csv``."""
    with (root / "asap" / "manifest.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    return [
        AnnotatedFile(root / row["query_path"], *_asap_beats(root / row["annotation_path"]), row["reference_path"])
        for row in rows
    ]


def pop909_files(root: Path) -> list[AnnotatedFile]:
    """The held-out songs of ``root/pop909``; the third column of the annotation marks downbeats of whole bars.

    Where a song cannot be audited, its annotated downbeats are the audited ones, so that no song is left out.
    """
    files = []
    for path in sorted((root / "pop909").glob(f"*{HELD_OUT_DIGIT}.mid")):
        rows = np.loadtxt(path.with_suffix(".beats.txt"), ndmin=2)
        audited = audited_downbeats(path.with_suffix(".beats.txt"))
        right = rows[:, 2] > 0 if audited is None else audited
        files.append(AnnotatedFile(path, rows[:, 0], rows[rows[:, 2] > 0, 0], audited_s=rows[right, 0]))
    return files


def _asap_beats(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    beat = np.array([float(row[0]) for row in rows])
    down = np.array([row[2].startswith("db") for row in rows])
    return beat, beat[down]
