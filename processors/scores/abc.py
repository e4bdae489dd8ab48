"""ABC to Standard MIDI Files, one a tune, by the abc2midi program that symusic carries."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import symusic  # noqa: F401  # says in SYMUSIC_ABC2MIDI where its abc2midi lies

from ..midi import BadMusicError

TUNE = re.compile(r"^X:[ \t]*(\S*)", re.MULTILINE)
NOT_THE_TUNE = re.compile(r'"[^"\n]*"|^R:[^\n]*\n', re.MULTILINE)
"""Chord symbols, which abc2midi would play as an accompaniment, and rhythms, some of which it would swing."""
TIME_LIMIT_S = 20.0


def split_tunes(text: str) -> Iterator[tuple[str, str]]:
    """The tunes of a book: (number after ``X:``, the tune's text with the book's own header before it)."""
    starts = list(TUNE.finditer(text))
    header = text[: starts[0].start()] if starts else ""
    for i, match in enumerate(starts):
        end = starts[i + 1].start() if i + 1 < len(starts) else len(text)
        yield match[1], header + text[match.start() : end]


def read_abc(tune: str) -> tuple[bytes, str, str]:
    """Play one tune, repeats included: (Standard MIDI File, title, composer).

    Raises:
        BadMusicError: abc2midi cannot play the text.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "tune.abc"), Path(folder, "tune.mid")
        source.write_text(NOT_THE_TUNE.sub("", tune), "utf-8")
        try:
            # it exits with 0 whatever happens; what it has understood lies in the file
            subprocess.run(
                [os.environ["SYMUSIC_ABC2MIDI"], source, "-o", target],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=TIME_LIMIT_S,
            )
            midi = target.read_bytes()
        except subprocess.TimeoutExpired as error:
            raise BadMusicError("too_large", f"The ABC tune could not be played in {TIME_LIMIT_S:g} s.") from error
        except FileNotFoundError as error:
            raise BadMusicError("not_a_score", "The text is not an ABC tune that abc2midi can play.") from error
    return midi, _field(tune, "T"), _field(tune, "C")


def _field(tune: str, name: str) -> str:
    match = re.search(rf"^{name}:[ \t]*(\S[^\n]*)", tune, re.MULTILINE)
    return match[1].strip() if match else ""
