"""Saarland Music Data: MIDI recordings named ``Composer_Work_performer_date-SMD.mid``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .base import ImporterError, ImportFailure, ImportOptions
from .files import MIDI_SUFFIXES, FileImporter, MusicFile

NAME = re.compile(r"(?P<composer>[^_]+)_(?P<work>.+?)(?:_\d+)*[-_]SMD", re.IGNORECASE)


class SmdImporter(FileImporter):
    """The recordings below the folder ``argument``, each a work of its own.

    Müller, Konz, Bogler, Arifi-Müller: "Saarland Music Data (SMD)", ISMIR 2011. Paths are relative to the root
    option, or else to the folder.

    Raises:
        ImporterError: there is no such folder, or no MIDI file in it.
    """

    def __init__(self, argument: str, options: ImportOptions) -> None:
        folder = Path(argument)
        files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in MIDI_SUFFIXES)
        if not files:
            raise ImporterError(f"There are no MIDI files below {folder}; give the folder that SMD was unpacked to.")
        super().__init__(_named(files, options.root or folder), options)


def _named(files: list[Path], root: Path) -> Iterator[MusicFile | ImportFailure]:
    for file in files:
        path = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.as_posix()
        match = NAME.fullmatch(file.stem)
        if match is None:
            yield ImportFailure(path, "The name is not one of SMD: Composer_Work_performer_date-SMD.mid.")
        else:
            yield MusicFile(file, path, match["work"].replace("_", " "), match["composer"], licence="CC BY-NC-SA 3.0")
