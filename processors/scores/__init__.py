"""Score readers: MusicXML, Humdrum and ABC files to Standard MIDI Files, the form in which works travel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from ..midi import BadMusicError
from .abc import read_abc, split_tunes
from .kern import read_kern
from .musicxml import read_musicxml, read_mxl
from .score import Score, WrittenNote

VERSION = 1
"""Of what the readers make of a file; goes up with any change to it, so that caches know."""

MAX_BYTES = 64 << 20
SUFFIXES = frozenset({".xml", ".musicxml", ".mxl", ".krn", ".abc"})

__all__ = ["MAX_BYTES", "SUFFIXES", "VERSION", "Piece", "Score", "WrittenNote", "read_pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a score file.

    Attributes:
        midi: the piece as a Standard MIDI File.
        title, composer: empty where the file names none.
        number: the tune's number in a book of tunes, else empty.
    """

    midi: bytes
    title: str
    composer: str
    number: str = ""


def read_pieces(data: bytes, name: str, max_bytes: int = MAX_BYTES) -> list[Piece | BadMusicError]:
    """Read a score file; ``name``'s suffix (one of `SUFFIXES`) says which kind it is.

    An ABC file may be a book of tunes: each is a piece, and one that cannot be read is an error in its place.

    Raises:
        BadMusicError: nothing in the file can be read, or it is over ``max_bytes``, also unpacked.
    """
    if len(data) > max_bytes:
        raise BadMusicError("too_large", f"The score has {len(data)} bytes; the limit is {max_bytes}.")
    suffix = PurePath(name).suffix.lower()
    if suffix == ".abc":
        return _tunes(text_of(data))
    if suffix == ".mxl":
        score = read_mxl(data, max_bytes)
    elif suffix in (".xml", ".musicxml"):
        score = read_musicxml(data)
    elif suffix == ".krn":
        score = read_kern(text_of(data))
    else:
        raise BadMusicError("not_a_score", f"{suffix or 'No suffix'} is not one of {', '.join(sorted(SUFFIXES))}.")
    return [Piece(score.to_midi(), score.title, score.composer)]


def _tunes(text: str) -> list[Piece | BadMusicError]:
    tunes = list(split_tunes(text))
    if not tunes:
        raise BadMusicError("not_a_score", "The ABC file has no tune: no line starts with X:.")
    pieces: list[Piece | BadMusicError] = []
    for number, tune in tunes:
        try:
            pieces.append(Piece(*read_abc(tune), number=number if len(tunes) > 1 else ""))
        except BadMusicError as error:
            if len(tunes) == 1:
                raise
            pieces.append(BadMusicError(error.type, f"Tune {number}: {error}"))
    return pieces


def text_of(data: bytes) -> str:
    """Text as UTF-8 or, in older files, Latin-1; ends of lines made the same."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")
