"""Humdrum **kern to a score.

Follows Huron's Humdrum user guide and **kern reference as far as it decides which notes sound when: spines that
split, join, swap, start and end, durations with dots and rational values, chords, ties, tempo and meter. Grace
notes are left out; expansion lists (repeats) are not played out. Pitches are encoded as they sound, so transposing
instruments need nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..midi import BadMusicError
from .score import Score, WrittenNote

PITCHES = {"c": 60, "d": 62, "e": 64, "f": 65, "g": 67, "a": 69, "b": 71}
DURATION = re.compile(r"(\d+)(?:%(\d+))?(\.*)")
PITCH = re.compile(r"([a-g]+|[A-G]+)(#+|-+)?")
TEMPO = re.compile(r"\*MM(\d+(?:\.\d+)?)$")
METER = re.compile(r"\*M(\d+)/(\d+)$")


@dataclass(slots=True, eq=False)
class _Column:
    """One column of the table: the spine's notes, and when its newest token ends, in quarters."""

    notes: list[WrittenNote] | None
    end: float = 0.0


@dataclass(slots=True)
class _Reader:
    score: Score = field(default_factory=Score)
    columns: list[_Column] = field(default_factory=list)
    now: float = 0.0

    def start(self, exclusive: str) -> _Column:
        if exclusive != "**kern":
            return _Column(None, self.now)
        self.score.parts.append([])
        return _Column(self.score.parts[-1], self.now)

    def interpret(self, tokens: list[str]) -> None:
        if not self.columns or len(tokens) != len(self.columns):
            if not all(token.startswith("**") for token in tokens):
                raise BadMusicError("not_a_score", f"A line has {len(tokens)} columns where {len(self.columns)} are.")
            self.columns = [self.start(token) for token in tokens]
            return
        for token, column in zip(tokens, self.columns, strict=True):
            if column.notes is not None:
                self._clock(token, column)
        if any(token in ("*^", "*v", "*x", "*+", "*-") or token.startswith("**") for token in tokens):
            self._rearrange(tokens)

    def _clock(self, token: str, column: _Column) -> None:
        tempo, meter = TEMPO.match(token), METER.match(token)
        if tempo and float(tempo[1]):
            self.score.tempos.append((column.end, float(tempo[1])))
        if meter and int(meter[2]):
            self.score.meters.append((column.end, int(meter[1]), int(meter[2])))

    def _rearrange(self, tokens: list[str]) -> None:
        columns: list[_Column] = []
        joining: _Column | None = None
        swapped: int | None = None
        for token, column in zip(tokens, self.columns, strict=True):
            if token == "*v" and joining is not None:
                joining.end = max(joining.end, column.end)
                continue
            joining = column if token == "*v" else None
            if token == "*-":
                continue
            if token.startswith("**"):
                column = self.start(token)
            columns.append(column)
            if token == "*^":
                columns.append(_Column(column.notes, column.end))
            elif token == "*+":
                columns.append(_Column(None, self.now))  # the next line says what it holds
            elif token == "*x":
                if swapped is None:
                    swapped = len(columns) - 1
                else:
                    columns[swapped], columns[-1] = columns[-1], columns[swapped]
                    swapped = None
        self.columns = columns

    def play(self, tokens: list[str]) -> None:
        if len(tokens) != len(self.columns):
            raise BadMusicError("not_a_score", f"A line has {len(tokens)} columns where {len(self.columns)} are.")
        sounding = [
            (token, column)
            for token, column in zip(tokens, self.columns, strict=True)
            if column.notes is not None and token != "." and "q" not in token and "Q" not in token
        ]
        if not sounding:
            return
        # all tokens of a line start together, when the latest of their spines is free
        self.now = max(column.end for _, column in sounding)
        for token, column in sounding:
            column.end = self.now + self._chord(token, column)

    def _chord(self, token: str, column: _Column) -> float:
        assert column.notes is not None
        duration = longest = 0.0
        for tone in token.split(" "):
            written = DURATION.search(tone)
            duration = _quarters(written) if written else duration
            longest = max(longest, duration)
            pitch = PITCH.search(tone)
            if pitch and "r" not in tone:
                tied = "[" in tone or "_" in tone
                column.notes.append(WrittenNote(self.now, duration, _midi_pitch(pitch), tied))
        return longest


def read_kern(text: str) -> Score:
    """Read a ``.krn`` file.

    Raises:
        BadMusicError: there is no **kern spine, or a line has more or fewer columns than there are spines.
    """
    reader = _Reader()
    records: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        if line.startswith("!!!"):
            key, _, value = line[3:].partition(":")
            records.setdefault(key.split("@")[0].strip(), value.strip())
        elif line.startswith("*"):
            reader.interpret(line.split("\t"))
        elif not line.startswith(("!", "=")):
            reader.play(line.split("\t"))
    if not reader.score.parts:
        raise BadMusicError("not_a_score", "The file has no **kern spine.")
    score = reader.score
    score.tempos, score.meters = sorted(set(score.tempos)), sorted(set(score.meters))
    score.title = ": ".join(records[key] for key in ("OPR", "OTL") if records.get(key))
    score.composer = records.get("COM", "")
    return score


def _quarters(written: re.Match[str]) -> float:
    value, numerator, dots = written.groups()
    breves = not value.strip("0")  # 0 is a breve, 00 a longa
    quarters = 4.0 * 2 ** len(value) if breves else 4.0 * int(numerator or 1) / int(value)
    return float(quarters * (2 - 0.5 ** len(dots)))


def _midi_pitch(match: re.Match[str]) -> int:
    letters, accidental = match[1], match[2] or ""
    octave = len(letters) - 1 if letters[0].islower() else -len(letters)
    return PITCHES[letters[0].lower()] + 12 * octave + accidental.count("#") - accidental.count("-")
