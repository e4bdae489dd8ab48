"""POP909's phrases as sections: where they lie in the recording, and what their letters are called here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from processors.sections.labels import Label, Section

BARLINES = Path(__file__).with_name("pop909_barlines.json")
"""Song number to [[beat of the annotation, beats to add to it from there on], ...]; see ``align_pop909``."""
HELD_OUT_DIGIT = "0"
"""Songs whose number ends so are for measuring only."""
PICKUP_BEATS = 2.0
"""Where bars were taken out between two phrases, the second one's first notes come so much before its bar line."""


class Phrase(NamedTuple):
    """``letter`` as annotated; from ``start_s`` to ``end_s``."""

    letter: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Beats:
    """Attributes:
    time_s: float64 [beats].
    beats_per_bar: as annotated.
    """

    time_s: NDArray[np.float64]
    beats_per_bar: int

    def beat_at(self, time_s: NDArray[np.floating]) -> NDArray[np.float64]:
        """Fractional beats, carried on at the usual pace before the first and after the last."""
        return _carried_on(np.asarray(time_s), self.time_s, np.arange(len(self.time_s)), 1 / self._period_s)

    def time_at(self, beat: NDArray[np.floating]) -> NDArray[np.float64]:
        """The inverse of ``beat_at``."""
        return _carried_on(np.asarray(beat), np.arange(len(self.time_s)), self.time_s, self._period_s)

    @property
    def _period_s(self) -> float:
        return float(np.median(np.diff(self.time_s)))


def song_numbers(folder: Path) -> list[str]:
    """The songs with phrases and beats in a folder, in order.

    Raises:
        FileNotFoundError: there are none.
    """
    found = sorted(path.name[:3] for path in folder.glob("*.sections.txt"))
    if not found:
        raise FileNotFoundError(f"{folder} holds no NNN.sections.txt: it is not the POP909 folder.")
    return found


def beats_of(folder: Path, number: str) -> Beats:
    """The annotated beats; two of the flags are POP909's own downbeats, of which only the distance is used."""
    rows = np.loadtxt(folder / f"{number}.beats.txt")
    bars = np.diff(np.flatnonzero(rows[:, 2] > 0))
    return Beats(rows[:, 0], 3 if len(bars) and np.median(bars) in (3, 6) else 4)


def melody_of(folder: Path, number: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Pitches and onsets (seconds) of the track that holds the sung line."""
    score: Any = symusic.Score((folder / f"{number}.mid").as_posix(), ttype="second")
    notes = next(track.notes.numpy() for track in score.tracks if track.name == "MELODY")
    return notes["pitch"].astype(np.int64), notes["time"].astype(np.float64)


def phrases_of(folder: Path, number: str) -> list[Phrase] | None:
    """The phrases in seconds; nothing for the few songs whose annotation fits no place in the recording."""
    changes = json.loads(BARLINES.read_text("utf-8")).get(number)
    if changes is None:
        return None
    beats = beats_of(folder, number)
    parts = _parts(folder, number)
    edge = np.cumsum([0] + [bars for _, bars in parts]) * beats.beats_per_bar
    at = np.array([change[0] for change in changes])
    which = np.maximum(np.searchsorted(at - PICKUP_BEATS, edge, side="right") - 1, 0)
    edge_s = beats.time_at(edge + np.array([change[1] for change in changes])[which])
    return [Phrase(letter, *edge_s[i : i + 2]) for i, (letter, _) in enumerate(parts) if edge_s[i + 1] > edge_s[i]]


def phrases_from_first_downbeat(folder: Path, number: str) -> list[Phrase]:
    """The phrases if their bars were the annotated downbeats, from the first one on: the naive reading."""
    rows = np.loadtxt(folder / f"{number}.beats.txt")
    downbeat_s = rows[rows[:, 2] > 0, 0]
    bars = Beats(downbeat_s, 1)
    parts = _parts(folder, number)
    edge_s = bars.time_at(np.cumsum([0] + [count for _, count in parts]))
    return [Phrase(letter, *edge_s[i : i + 2]) for i, (letter, _) in enumerate(parts)]


def sections_of_phrases(
    phrases: Sequence[Phrase], pitch: NDArray[np.int64], onset_s: NDArray[np.float64]
) -> list[Section]:
    """Call letters by function.

    ``i`` intro, ``o`` outro, ``b`` and ``x`` (passages without melody between sung phrases) bridge, ``X`` (sung, but
    like nothing else) other. Of the letters of sung phrases the first one is the verse. The chorus is, of the others
    that return, the one with the highest melody (register is what marks choruses most clearly in notes: van Balen et
    al., 2013). What else is sung: bridge if it is sung once, and after a chorus; otherwise verse.
    """
    label = _labels(phrases, pitch, onset_s)
    return [Section(label[p.letter], p.start_s, p.end_s, 1.0) for p in phrases]


def _labels(phrases: Sequence[Phrase], pitch: NDArray[np.int64], onset_s: NDArray[np.float64]) -> dict[str, Label]:
    label: dict[str, Label] = {"i": "intro", "o": "outro", "b": "bridge", "x": "bridge", "X": "other"}
    letters = list(dict.fromkeys(p.letter for p in phrases if p.letter not in label))
    if not letters:
        return label
    times = {letter: [i for i, p in enumerate(phrases) if p.letter == letter] for letter in letters}
    first, *others = letters
    label[first] = "verse"
    returning = [letter for letter in others if len(times[letter]) > 1] or others
    height = {letter: _height([phrases[i] for i in times[letter]], pitch, onset_s) for letter in returning}
    chorus = max(returning, key=lambda letter: height[letter], default=None)
    for letter in others:
        late = chorus is not None and times[letter][0] > times[chorus][0]
        label[letter] = "chorus" if letter == chorus else "bridge" if late and len(times[letter]) == 1 else "verse"
    return label


def _height(phrases: Sequence[Phrase], pitch: NDArray[np.int64], onset_s: NDArray[np.float64]) -> float:
    inside = np.zeros(len(onset_s), bool)
    for phrase in phrases:
        inside |= (onset_s >= phrase.start_s) & (onset_s < phrase.end_s)
    return float(pitch[inside].mean()) if inside.any() else 0.0


def _parts(folder: Path, number: str) -> list[tuple[str, int]]:
    text = (folder / f"{number}.sections.txt").read_text("utf-8")
    return [(letter, int(bars)) for letter, bars in re.findall(r"([A-Za-z])(\d+)", text)]


def _carried_on(
    x: NDArray[np.floating],
    at: NDArray[np.floating] | NDArray[np.integer],
    y: NDArray[np.floating] | NDArray[np.integer],
    slope: float,
) -> NDArray[np.float64]:
    inside = np.interp(x, at, y)
    return np.asarray(inside + np.minimum(x - at[0], 0) * slope + np.maximum(x - at[-1], 0) * slope)
