"""The readers against music21's own, on scores of its corpus."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import symusic

from processors.scores import Piece, read_pieces

SCORES = (
    "bach/bwv66.6.mxl",
    "bach/bwv277.krn",
    "monteverdi/madrigal.3.6.mxl",
    "mozart/k155/movement2.mxl",
    "palestrina/Agnus_00.krn",
    "palestrina/Credo_45_a.krn",
    "schumann_clara/opus17/movement3.xml",
    "chopin/mazurka06-2.krn",
    "joplin/maple_leaf_rag.mxl",
    "schubert/Lindenbaum.xml",
    "beach/prayer_of_a_tired_child.musicxml",
    "corelli/opus3no1/1grave.xml",
)


def corpus() -> Path:
    spec = find_spec("music21")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0], "corpus")


def ours(file: Path) -> set[tuple[float, int]]:
    (piece, *_) = read_pieces(file.read_bytes(), file.name)
    assert isinstance(piece, Piece)
    score: Any = symusic.Score.from_midi(piece.midi, "quarter")
    return {(round(note.time, 2), note.pitch) for track in score.tracks for note in track.notes}


def theirs(file: Path) -> set[tuple[float, int]]:
    import music21

    score: Any = music21.converter.parse(file).toSoundingPitch()
    return {
        (round(float(note.offset), 2), pitch.midi)
        for part in score.parts
        for note in part.stripTies().flatten().notes
        if not note.duration.isGrace and not isinstance(note, music21.harmony.ChordSymbol)
        for pitch in getattr(note, "pitches", ())
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCORES)
def test_onsets_and_pitches_are_those_of_music21(name: str) -> None:
    read, expected = ours(corpus() / name), theirs(corpus() / name)
    assert len(expected) > 50
    assert len(read & expected) >= 0.99 * len(read | expected)
