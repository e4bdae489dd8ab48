"""ABC books: one piece a tune, and nothing but the tune."""

from __future__ import annotations

import pytest

from processors.midi import BadMusicError, read_midi
from processors.scores import Piece, read_pieces

BOOK = """% A book of tunes

X:1
T:First
C:Trad.
M:2/4
L:1/8
R:hornpipe
K:G
"G"G2 AB|"D7"c4|]

X:7
T:Second
M:3/4
L:1/4
K:C
|:C D E:|
"""


def onsets(piece: Piece | BadMusicError) -> list[tuple[float, int]]:
    assert isinstance(piece, Piece)
    notes = read_midi(piece.midi)
    return [(round(float(onset), 1), int(pitch)) for onset, pitch in zip(notes.onset_s, notes.pitch, strict=True)]


def test_each_tune_of_a_book_is_a_piece() -> None:
    first, second = read_pieces(BOOK.encode(), "book.abc")
    assert isinstance(first, Piece)
    assert isinstance(second, Piece)
    assert (first.number, first.title, first.composer) == ("1", "First", "Trad.")
    assert (second.number, second.title, second.composer) == ("7", "Second", "")


def test_neither_chord_symbols_nor_swing_are_played() -> None:
    first, _ = read_pieces(BOOK.encode(), "book.abc")
    assert onsets(first) == [(0, 67), (0.5, 69), (0.8, 71), (1.0, 72)]


def test_repeats_are_played() -> None:
    _, second = read_pieces(BOOK.encode(), "book.abc")
    assert [pitch for _, pitch in onsets(second)] == [60, 62, 64, 60, 62, 64]


def test_a_single_tune_has_no_number() -> None:
    (piece,) = read_pieces(b"X:1\nT:Alone\nL:1/4\nK:C\nCDEF|]\n", "x.abc")
    assert isinstance(piece, Piece)
    assert piece.number == ""


def test_nothing_of_it_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    read_pieces(b"X:1\nT:Odd\nL:1/4\nK:C\nC $ D \\q [[[ |]\n", "x.abc")
    assert capfd.readouterr() == ("", "")


def test_a_file_without_a_tune_is_said() -> None:
    with pytest.raises(BadMusicError, match="no tune"):
        read_pieces(b"These are not the tunes.", "x.abc")
