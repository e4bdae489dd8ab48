"""Finds which beat of a POP909 song each annotated bar starts on; run once, its result is kept in the repository.

The phrases of Dai, Zhang and Dannenberg count bars of their own transcription of the melody (``melody.txt`` in
github.com/Dsqvival/hierarchical-structure-analysis, MIT licence), from which they took out wrong upbeats and half bars;
"the offsets might be different" from the MIDI file, their README says. Counting bars from the first downbeat of the
beat annotation misplaces more than half of the songs, some of them by seconds. Here the transcribed melody is laid over
the played one: where bars were taken out, the offset between the two changes.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pop909 import BARLINES, beats_of, melody_of, song_numbers

OFFSETS = np.arange(-8, 70)
"""How many beats later than transcribed a note may be played."""
CHANGE_COSTS = 6.0
"""A new offset must explain so many more notes."""
NEAR_BEATS = 0.4
LEAST_FIT = 0.7
"""Songs whose melodies agree less are left out; there are ten."""


def align(
    transcribed: NDArray[np.int64], pitch: NDArray[np.int64], beat: NDArray[np.float64]
) -> tuple[list[list[float]], float]:
    """Lay a transcribed melody over the played one (Viterbi over offsets).

    Args:
        transcribed: int64 [rows, 2], pitch (0: rest) and length in sixteenths.
        pitch, beat: of the played notes.

    Returns:
        (transcribed beat, offset from there on) for each change, and the fit, 0-1.
    """
    start = np.concatenate([[0], np.cumsum(transcribed[:-1, 1])]) / 4.0
    sung = transcribed[:, 0] > 0
    fits = np.array([_fit(beat[pitch == p] - at) for p, at in zip(transcribed[sung, 0], start[sung], strict=True)])
    score = fits[0].copy()
    came_from: list[NDArray[np.int64]] = []
    for fit in fits[1:]:
        changed = int(score.argmax())
        stays = score >= score[changed] - CHANGE_COSTS
        came_from.append(np.where(stays, np.arange(len(OFFSETS)), changed))
        score = np.where(stays, score, score[changed] - CHANGE_COSTS) + fit
    path = [int(score.argmax())]
    for back in reversed(came_from):
        path.append(int(back[path[-1]]))
    path.reverse()
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    return [[float(start[sung][c]), int(OFFSETS[path[c]])] for c in changes], float(
        fits[np.arange(len(path)), path].mean()
    )


def _fit(later: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(later):
        return np.zeros(len(OFFSETS))
    distance = np.abs(later[None, :] - OFFSETS[:, None]).min(1)
    return np.where(distance < NEAR_BEATS, 1.0 - distance, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pop909", type=Path, help="the folder with NNN.mid, NNN.beats.txt and NNN.sections.txt")
    parser.add_argument(
        "annotations", type=Path, help="the folder POP909 of a clone of hierarchical-structure-analysis"
    )
    arguments = parser.parse_args()
    table: dict[str, Any] = {}
    for number in song_numbers(arguments.pop909):
        transcribed = np.loadtxt(arguments.annotations / number / "melody.txt", dtype=np.int64).reshape(-1, 2)
        pitch, onset_s = melody_of(arguments.pop909, number)
        changes, fit = align(transcribed, pitch, beats_of(arguments.pop909, number).beat_at(onset_s))
        if fit >= LEAST_FIT:
            table[number] = changes
    lines = ",\n".join(f'"{number}": {json.dumps(changes)}' for number, changes in table.items())
    BARLINES.write_text(f"{{\n{lines}\n}}\n", "utf-8")
    print(f"{len(table)} songs aligned")


if __name__ == "__main__":
    main()
