"""A pool of simulated performances whose notes know where in the work they are.

    python -m processors.training.embeddings.pool CATALOGUE --out .cache/embeddings/pool.npz

The catalogue should hold freely licensed works only. The pool has the works' notes and the performances; one work in
twenty is held out.
"""

from __future__ import annotations

import argparse
import re
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from processors.embeddings.constants import WINDOW_NOTES
from processors.identify import Catalogue
from processors.identify.groups import group_notes
from processors.notes import Notes
from processors.training.clips import TEMPO_SPREAD
from processors.training.performances import BAD_TRANSCRIPT, PIANIST, TRANSCRIPT, Player, perform

PASSAGE_NOTES = 140
PLAYERS = (PIANIST, PIANIST, TRANSCRIPT, BAD_TRANSCRIPT)
HELD_OUT_OF = 20
MEASURED = re.compile(r"(^|/)(asap|audio)/|pop909/\d\d0\.mid$")
"""Works that are kept for measuring."""
LEAD_IN_S = 0.2
PLACE_NOTES = 15
"""Where a performed note lies in the work: the median of so many notes around it."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Works and performances.

    Attributes:
        work_onset_s, work_pitch: notes of all works, float32 and uint8.
        work_note: int64 [works + 1], each work's first note.
        onset_s, pitch: notes of all performances, float32 and uint8, as ``group_notes`` orders them.
        place: int64, the note of the works at which each one is played.
        passage_note: int64 [passages + 1], each performance's first note.
        passage_work: int64 [passages].
        held_out: bool [works].
    """

    work_onset_s: NDArray[np.float32]
    work_pitch: NDArray[np.uint8]
    work_note: NDArray[np.int64]
    onset_s: NDArray[np.float32]
    pitch: NDArray[np.uint8]
    place: NDArray[np.int64]
    passage_note: NDArray[np.int64]
    passage_work: NDArray[np.int64]
    held_out: NDArray[np.bool_]

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @classmethod
    def load(cls, path: Path) -> Pool:
        with np.load(path) as arrays:
            return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def make_pool(catalogue: Catalogue, passages: int, seed: int) -> Pool:
    """Simulate ``passages`` performances of random works, longer works more often."""
    rng = np.random.default_rng(seed)
    infos, works = [], []
    for segment in catalogue.segments:
        for work in np.flatnonzero(~segment.removed).tolist():
            infos.append(segment.info(work))
            works.append(segment.work_notes(work))
    work_note = np.concatenate(([0], np.cumsum([len(work) for work in works])))
    usable = [len(w) >= 2 * WINDOW_NOTES and _may_train(info.path) for info, w in zip(infos, works, strict=True)]
    weight = np.sqrt(np.diff(work_note)) * usable
    played: list[tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]] = []
    chosen = rng.choice(len(works), passages, p=weight / weight.sum())
    for number, work in enumerate(chosen.tolist()):
        played.append(_play(works[work], int(work_note[work]), PLAYERS[number % len(PLAYERS)], rng))
    return Pool(
        np.concatenate([work.onset_s for work in works]).astype(np.float32),
        np.concatenate([work.pitch for work in works]),
        work_note,
        np.concatenate([part[0] for part in played]),
        np.concatenate([part[1] for part in played]),
        np.concatenate([part[2] for part in played]),
        np.concatenate(([0], np.cumsum([len(part[1]) for part in played]))),
        chosen,
        np.array([zlib.crc32(info.path.encode()) % HELD_OUT_OF == 0 for info in infos]),
    )


def _play(
    notes: Notes, first: int, player: Player, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.int64]]:
    start = int(rng.integers(0, max(len(notes) - PASSAGE_NOTES, 1)))
    part = slice(start, start + PASSAGE_NOTES)
    onset_s = notes.onset_s[part]
    tempo = float(np.exp(rng.normal(0.0, TEMPO_SPREAD)))
    # Durations are not used: here they carry the number of each note through the performance.
    number = np.arange(1, len(onset_s) + 1, dtype=np.float64)
    slower = Notes((onset_s - onset_s[0]) / tempo + LEAD_IN_S, number, notes.pitch[part], notes.velocity[part])
    heard = perform(slower, player, rng)
    grouped = group_notes(heard)
    carried = heard.duration_s[grouped.source]
    own = np.flatnonzero(carried >= 1.0)  # ornaments have a length of their own
    # Added notes carry the number of any note; the median does not mind.
    smooth = median_filter(carried[own], PLACE_NOTES, mode="nearest")
    place = np.interp(np.arange(len(carried)), own, smooth) - 1.0
    onset = (grouped.note_ms / 1000.0).astype(np.float32)
    return onset, grouped.pitch, first + start + np.round(place).astype(np.int64)


def _may_train(path: str) -> bool:
    return not MEASURED.search(path)


def main() -> None:
    """Make a pool from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    make_pool(Catalogue.open(arguments.catalogue), arguments.passages, arguments.seed).save(arguments.out)


if __name__ == "__main__":
    main()
