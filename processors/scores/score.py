"""The written score as plain events, and as a Standard MIDI File."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import symusic
from numpy.typing import NDArray

from ..midi import BadMusicError

TICKS_PER_QUARTER = 960
VELOCITY = 64
MAX_TICK = 2**31 - 1
"""Symusic keeps times as 32-bit integers."""


class WrittenNote(NamedTuple):
    """One note as written: onset and duration in quarters, MIDI pitch, and whether a tie leads on from it."""

    onset: float
    duration: float
    pitch: int
    tied: bool = False


@dataclass(slots=True)
class Score:
    """A piece as it is written, once through: repeats are not played out. Times are quarters from its start.

    Attributes:
        parts: one list of notes a part, in any order.
        tempos: (time, quarters a minute).
        meters: (time, beats in a bar, beat unit).
        title, composer: as the file gives them, empty where it does not.
    """

    parts: list[list[WrittenNote]] = field(default_factory=list)
    tempos: list[tuple[float, float]] = field(default_factory=list)
    meters: list[tuple[float, int, int]] = field(default_factory=list)
    title: str = ""
    composer: str = ""

    def to_midi(self) -> bytes:
        """The score as a Standard MIDI File, one track a part, ties joined.

        Raises:
            BadMusicError: there is no note, or the score is too long for MIDI's clock.
        """
        midi: Any = symusic.Score(TICKS_PER_QUARTER)
        for number, part in enumerate(self.parts):
            notes = [note for note in join_ties(part) if 0 <= note.pitch <= 127]
            if not notes:
                continue
            track: Any = symusic.Track(name=f"Part {number + 1}")
            start = _ticks([note.onset for note in notes])
            end = _ticks([note.onset + note.duration for note in notes])
            pitch = np.array([note.pitch for note in notes], np.int8)
            track.notes = symusic.Note.from_numpy(
                start, np.maximum(end - start, 1), pitch, np.full(len(notes), VELOCITY, np.int8)
            )
            midi.tracks.append(track)
        if not len(midi.tracks):
            raise BadMusicError("no_notes", "The score has no pitched notes.")
        for time, quarters_per_minute in self.tempos:
            midi.tempos.append(symusic.Tempo(_tick(time), quarters_per_minute))
        for time, beats, unit in self.meters:
            midi.time_signatures.append(symusic.TimeSignature(_tick(time), beats, unit))
        data: bytes = midi.dumps_midi()
        return data


def join_ties(notes: list[WrittenNote]) -> list[WrittenNote]:
    """One part's notes in order of onset, each chain of tied notes as the one note that is heard.

    A tie leads to the part's note of that pitch that starts where the tied one ends; whether that note says so too
    does not matter, since some programs leave it out.
    """
    joined: list[WrittenNote] = []
    awaited: dict[tuple[int, int], list[int]] = {}  # (pitch, tick) -> where the tied notes lie in ``joined``
    for note in sorted(notes, key=lambda note: note.onset):
        tied = awaited.get((note.pitch, _tick(note.onset)))
        if tied:
            place = tied.pop()
            first = joined[place]
            joined[place] = first._replace(duration=note.onset + note.duration - first.onset)
        else:
            place = len(joined)
            joined.append(note)
        if note.tied:
            awaited.setdefault((note.pitch, _tick(note.onset + note.duration)), []).append(place)
    return joined


def _tick(quarters: float) -> int:
    return round(quarters * TICKS_PER_QUARTER)


def _ticks(quarters: list[float]) -> NDArray[np.int32]:
    ticks = np.rint(np.array(quarters) * TICKS_PER_QUARTER)
    if ticks.max(initial=0) > MAX_TICK:
        raise BadMusicError("too_large", "The score is too long for a MIDI file.")
    return np.asarray(ticks, np.int32)
