"""``continuo evaluate score-beats``: whether the beats read from a score's MIDI file are where annotators put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from processors.midi import read_score

from .measures import share

WITHIN_S = 0.02


def evaluate_score_beats(folder: Path) -> dict[str, Any]:
    """Compare each ``NAME.mid`` in ``folder`` with ``NAME.beats.txt``, lines as in ASAP: time, time, ``b`` or ``db``.

    Returns:
        shares within 20 ms: of the annotated beats and downbeats that are in the grid; of the grid's beats and
        downbeats, between the first and last annotated, that are annotated; and of works that have a grid.
    """
    found: dict[str, list[float]] = {"has_grid": [], "beats": [], "downbeats": []}
    found |= {"grid_beats": [], "grid_downbeats": []}
    for midi, beat_s, downbeat_s in _annotated(folder):
        beats = read_score(midi).beats
        found["has_grid"].append(beats is not None)
        ours = {"beats": np.zeros(0), "downbeats": np.zeros(0)}
        if beats is not None:
            ours = {"beats": beats.time_s, "downbeats": beats.downbeat_s}
        for name, annotated_s in (("beats", beat_s), ("downbeats", downbeat_s)):
            inside = ours[name][(ours[name] > beat_s[0] - WITHIN_S) & (ours[name] < beat_s[-1] + WITHIN_S)]
            found[name].append(_share_near(annotated_s, ours[name]))
            found[f"grid_{name}"].append(_share_near(inside, annotated_s))
    return {name: share(values) for name, values in found.items()}


def _annotated(folder: Path) -> Iterator[tuple[bytes, NDArray[np.float64], NDArray[np.float64]]]:
    for file in sorted(folder.glob("*.beats.txt")):
        rows = [line.split("\t") for line in file.read_text().splitlines() if line]
        time_s = np.array([float(row[0]) for row in rows])
        down = np.array([row[2].startswith("db") for row in rows])
        yield file.with_name(file.name.replace(".beats.txt", ".mid")).read_bytes(), time_s, time_s[down]


def _share_near(these_s: NDArray[np.float64], those_s: NDArray[np.float64]) -> float:
    if not len(these_s) or not len(those_s):
        return 0.0
    return float((np.abs(these_s[:, None] - those_s[None]).min(axis=1) <= WITHIN_S).mean())
