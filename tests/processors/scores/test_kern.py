"""Humdrum **kern: what sounds when."""

from __future__ import annotations

import pytest

from processors.midi import BadMusicError, read_midi
from processors.scores import Piece, read_pieces


def lines(*rows: str) -> bytes:
    return "\n".join(row.replace(" | ", "\t") for row in rows).encode()


def heard(data: bytes) -> list[tuple[float, int, float]]:
    (piece,) = read_pieces(data, "x.krn")
    assert isinstance(piece, Piece)
    notes = read_midi(piece.midi)
    return [
        (round(float(onset), 3), int(pitch), round(float(duration), 3))
        for onset, pitch, duration in zip(notes.onset_s, notes.pitch, notes.duration_s, strict=True)
    ]


def test_pitches_and_durations() -> None:
    data = lines("**kern", "4c", "8.dd#", "16CC-", "2r", "0GG", "12cn", "*-")
    assert heard(data) == [
        (0, 60, 0.5),
        (0.5, 75, 0.375),
        (0.875, 35, 0.125),
        (2, 43, 4),
        (6, 60, 0.167),
    ]


def test_rational_durations() -> None:
    assert heard(lines("**kern", "3%2c", "4d", "*-")) == [(0, 60, 1.333), (1.333, 62, 0.5)]


def test_spines_go_on_at_their_own_pace_and_others_are_ignored() -> None:
    data = lines("**kern | **text | **kern", "2C | a | 4c", ". | b | 4d", "=1 | =1 | =1", "2D | . | 2e", "*- | *- | *-")
    assert heard(data) == [(0, 48, 1), (0, 60, 0.5), (0.5, 62, 0.5), (1, 50, 1), (1, 64, 1)]


def test_spines_split_and_join() -> None:
    data = lines("**kern", "4c", "*^", "4e | 2g", "4f | .", "*v | *v", "4a", "*-")
    assert heard(data) == [(0, 60, 0.5), (0.5, 64, 0.5), (0.5, 67, 1), (1, 65, 0.5), (1.5, 69, 0.5)]


def test_spines_swap_start_and_end() -> None:
    data = lines(
        "**kern | **kern",
        "4C | 4c",
        "*x | *x",
        "4d | 4D",
        "*+ | *",
        "* | **kern | *",
        "4e | 4a | 4E",
        "* | *- | *",
        "4f | 4F",
        "*- | *-",
    )
    assert [(onset, pitch) for onset, pitch, _ in heard(data)] == [
        (0, 48), (0, 60), (0.5, 50), (0.5, 62), (1, 52), (1, 64), (1, 69), (1.5, 53), (1.5, 65)
    ]  # fmt: skip


def test_chords_share_a_line_and_ties_join_within_them() -> None:
    data = lines("**kern", "[2c 2e", "2c_ 2f", "4c] 4g", "*-")
    assert heard(data) == [(0, 60, 2.5), (0, 64, 1), (1, 65, 1), (2, 67, 0.5)]


def test_grace_notes_are_left_out() -> None:
    assert heard(lines("**kern", "8qb", "4c", "*-")) == [(0, 60, 0.5)]


def test_tempo_and_names() -> None:
    data = lines(
        "!!!COM: Somebody",
        "!!!OPR: A Mass",
        "!!!OTL@@LA: Kyrie",
        "**kern",
        "*MM60",
        "*M4/2",
        "1c",
        "*MM120",
        "1d",
        "*-",
    )
    (piece,) = read_pieces(data, "x.krn")
    assert isinstance(piece, Piece)
    assert (piece.title, piece.composer) == ("A Mass: Kyrie", "Somebody")
    assert heard(data) == [(0, 60, 4), (4, 62, 2)]


def test_old_encodings_and_line_ends() -> None:
    (piece,) = read_pieces("!!!COM: Dvořák\r\n**kern\r\n4c\r\n*-\r\n".encode(), "x.krn")
    assert isinstance(piece, Piece)
    assert piece.composer == "Dvořák"
    (piece,) = read_pieces("!!!COM: Pérotin\n**kern\n4c\n*-\n".encode("latin-1"), "x.krn")
    assert isinstance(piece, Piece)
    assert piece.composer == "Pérotin"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no \\*\\*kern"),
        (lines("**text", "la", "*-"), "no \\*\\*kern"),
        (lines("**kern", "4c | 4d", "*-"), "2 columns where 1"),
        (lines("**kern", "4r", "*-"), "no pitched notes"),
    ],
)
def test_what_cannot_be_read_is_said(data: bytes, said: str) -> None:
    with pytest.raises(BadMusicError, match=said):
        read_pieces(data, "x.krn")
