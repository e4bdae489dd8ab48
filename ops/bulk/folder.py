"""The files of a folder, checked and hashed before anything is sent."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from connectors.publisher import AUDIO_SUFFIXES, MIDI_HEADER, MIDI_SUFFIXES
from schemas.events import Failure

SUFFIXES = MIDI_SUFFIXES | AUDIO_SUFFIXES


class FolderError(ValueError):
    """The folder cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class FolderFile:
    """One file.

    Attributes:
        name: its path in the folder, with slashes.
        error: why it is not sent; the attributes below are empty then.
        sha256: of its bytes.
        kind: what its bytes are; follows from them alone.
    """

    name: str
    path: Path
    error: Failure | None = None
    sha256: str = ""
    size: int = 0
    kind: Literal["midi", "audio"] = "audio"


class Folder:
    """The music files of a folder and of the folders in it, in order of their names.

    Files with other suffixes and hidden ones are left out. Links are followed to files inside of the folder only.

    Raises:
        FolderError: there is no such folder.
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        if not path.is_dir():
            raise FolderError(f"{path} is no folder.")
        self.path = path.resolve()
        self._max_bytes = max_bytes
        self._refused: list[FolderFile] = []
        self._paths = sorted(self._walk())

    def __len__(self) -> int:
        return len(self._paths) + len(self._refused)

    def files(self) -> Iterator[FolderFile]:
        """Check and hash file after file; those that cannot be sent come with the reason."""
        yield from self._refused
        for path in self._paths:
            yield self._checked(path)

    def _walk(self) -> Iterator[Path]:
        def on_error(error: OSError) -> None:
            place = Path(error.filename)
            self._refused.append(
                self._refuse(place, "unreadable", f"The folder {place} cannot be read: {error.strerror}.")
            )

        for parent, folders, names in os.walk(self.path, onerror=on_error):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in folders:
                place = Path(parent, name)
                if place.is_symlink():
                    reason = f"{place} is a link to a folder, which is not followed; give that folder itself."
                    self._refused.append(self._refuse(place, "link_to_folder", reason))
            for name in names:
                if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                    yield Path(parent, name)

    def _checked(self, path: Path) -> FolderFile:
        try:
            if path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(self.path):
                reason = f"{path} is a link to a file outside of the folder, which is not read; copy it in."
                return self._refuse(path, "outside_folder", reason)
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe would never end
                return self._refuse(path, "unreadable", f"{path} is no regular file.")
            if status.st_size == 0:
                return self._refuse(path, "empty", f"{path} is empty.")
            if status.st_size > self._max_bytes:
                reason = f"{path} has {status.st_size} bytes; the limit is {self._max_bytes} (blobs.max_bytes)."
                return self._refuse(path, "too_large", reason)
            with path.open("rb") as file:
                head = file.read(len(MIDI_HEADER))
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            return self._refuse(path, "unreadable", f"{path} cannot be read: {error.strerror}.")
        if head == MIDI_HEADER:
            return FolderFile(self._name(path), path, None, digest, status.st_size, "midi")
        if path.suffix.lower() in MIDI_SUFFIXES:
            return self._refuse(path, "not_midi", f"{path} is not a Standard MIDI File: it does not start with MThd.")
        return FolderFile(self._name(path), path, None, digest, status.st_size, "audio")

    def _refuse(self, path: Path, reason: str, message: str) -> FolderFile:
        return FolderFile(self._name(path), path, Failure(reason, _text(message)))

    def _name(self, path: Path) -> str:
        return _text(path.relative_to(self.path).as_posix())


def _text(name: str) -> str:
    # file names are bytes; what is no UTF-8 could be written neither as JSON nor as Avro
    return os.fsencode(name).decode("utf-8", "replace")
