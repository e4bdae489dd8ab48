"""Sections of files: one file, or the rows of a CSV, each answered by one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

from connectors.publisher import ClipError, kind_of
from processors.audio import decode_audio
from processors.identify_music import MusicLimits
from processors.midi import BadMusicError, read_midi
from processors.notes import Notes
from processors.onsets import Transcriber
from processors.sections import sections_of


class SectionFiles:
    """Divides MIDI and sound files into sections."""

    def __init__(self, limits: MusicLimits) -> None:
        self._limits = limits

    def sections(self, path: Path) -> dict[str, Any]:
        """``sections``, in order; for a file that holds no music also ``error``, never an exception."""
        try:
            found = [asdict(section) for section in sections_of(self._notes(path))]
        except BadMusicError as error:
            return _failed(error.type, str(error))
        except ClipError as error:
            return _failed("not_music", str(error))
        except OSError as error:
            return _failed("unreadable", f"{path} cannot be read: {error.strerror}.")
        times = ("start_s", "end_s")
        return {"sections": [row | {name: round(row[name], 3) for name in times} for row in found]}

    def _notes(self, path: Path) -> Notes:
        data = path.read_bytes()
        if kind_of(data, path.name) == "midi":
            return read_midi(data, self._limits.midi)
        sound = decode_audio(data, self._limits.audio)
        return self._transcriber.transcribe(sound.samples, sound.rate_hz).notes

    @cached_property
    def _transcriber(self) -> Transcriber:
        return Transcriber()


def sections_of_files(files: SectionFiles, paths: list[str], root: Path) -> Iterator[dict[str, Any]]:
    """For each path the path with its answer, in order."""
    for path in paths:
        yield {"path": path, **files.sections(root / path)}


def _failed(reason: str, message: str) -> dict[str, Any]:
    return {"sections": [], "error": {"type": reason, "message": message}}
