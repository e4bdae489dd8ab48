"""Beats of files: one, or the rows of a CSV, each answered by one object."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from connectors.publisher import ClipError, kind_of
from processors.audio import Sound, decode_audio
from processors.beats import Beat, OfflineBeats, StepNetwork
from processors.beats.live import beats_of
from processors.identify import Identifier
from processors.identify_music import MusicLimits
from processors.midi import BadMusicError, read_midi
from processors.notes import Notes
from processors.onsets import Transcriber

PIECE_S = 0.05
"""Sound is heard in pieces so long, as from a microphone."""
COLUMNS = ("path", "query_path")
"""What the column with the files may be called."""


class FilesError(ValueError):
    """The CSV of files cannot be used; the message says why."""


class BeatFiles:
    """Finds the beats of MIDI and sound files: as a live listener, or ``offline``, from the whole file."""

    def __init__(
        self, network: StepNetwork, limits: MusicLimits, identifier: Identifier | None = None, offline: bool = False
    ) -> None:
        self._offline = OfflineBeats() if offline else None
        self._network = network
        self._identifier = identifier
        self._limits = limits
        self._transcriber: Transcriber | None = None

    def beats(self, path: Path) -> dict[str, Any]:
        """``beats``, each an object; for a file that holds no music also ``error``, never an exception."""
        try:
            data = path.read_bytes()
            kind = kind_of(data, path.name)
            if kind == "midi":
                notes = read_midi(data, self._limits.midi)
            else:
                notes = self._heard(decode_audio(data, self._limits.audio))
        except BadMusicError as error:
            return _failed(error.type, str(error))
        except ClipError as error:
            return _failed("not_music", str(error))
        except OSError as error:
            return _failed("unreadable", f"{path} cannot be read: {error.strerror}.")
        if self._offline is not None:
            return {"beats": [_row(beat) for beat in self._offline.beats_of(notes)]}
        return {"beats": [_row(beat) for beat in beats_of(notes, self._network, self._identifier)]}

    def _heard(self, sound: Sound) -> Notes:
        """The notes of a sound, as they are heard while it is played."""
        if self._transcriber is None:
            self._transcriber = Transcriber()
        stream = self._transcriber.stream(sound.rate_hz)
        size = max(1, int(PIECE_S * sound.rate_hz))
        parts = [stream.add(sound.samples[at : at + size]) for at in range(0, len(sound.samples), size)]
        parts.append(stream.finish())
        return Notes.of(
            np.concatenate([part.onset_s for part in parts]), np.concatenate([part.pitch for part in parts])
        )


def read_paths(path: Path) -> list[str]:
    """The files that a CSV names in its column ``path`` or ``query_path``.

    Raises:
        FilesError: there is no such CSV, or no such column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            column = next((name for name in COLUMNS if name in (reader.fieldnames or [])), None)
            if column is None:
                raise FilesError(f"{path} has no column path.")
            return [row[column] or "" for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FilesError(f"The files in {path} cannot be read: {error}.") from error


def beats_of_paths(files: BeatFiles, paths: list[str], root: Path) -> Iterator[dict[str, Any]]:
    """For each file its path as given, and its beats or the error; in order."""
    for path in paths:
        yield {"path": path, **files.beats(root / path)}


def _row(beat: Beat) -> dict[str, Any]:
    row = asdict(beat)
    for name in ("time_s", "next_beat_s"):
        row[name] = round(row[name], 4)
    for name in ("tempo_bpm", "confidence"):
        row[name] = round(row[name], 3)
    return row


def _failed(reason: str, message: str) -> dict[str, Any]:
    return {"beats": [], "error": {"type": reason, "message": message}}
