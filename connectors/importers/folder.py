"""All music files below a folder."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import mido

from .base import ImporterError, ImportFailure, ImportOptions
from .files import MIDI_SUFFIXES, FileImporter, MusicFile, is_music

HEAD_BYTES = 64 << 10


class FolderImporter(FileImporter):
    """The music files below the folder ``argument``, in order of their paths.

    Titles come from the file: a score's own, or the sequence name of a MIDI file. Otherwise the file's name is read
    as ``Composer__Title``, ``Composer - Title`` or a title; without a composer the folder's name inside ``argument``
    is taken for it. Paths are relative to the root option, if the folder lies below it, else to ``argument``.

    Raises:
        ImporterError: there is no such folder.
    """

    def __init__(self, argument: str, options: ImportOptions) -> None:
        folder = Path(argument)
        if not folder.is_dir():
            raise ImporterError(f"There is no folder {folder}.")
        super().__init__(_walk(folder, options.root), options)


def _walk(folder: Path, root: Path | None) -> Iterator[MusicFile | ImportFailure]:
    base = folder.resolve()
    if root is not None and base.is_relative_to(root.resolve()):
        base = root.resolve()
    problems: list[OSError] = []
    for parent, folders, names in os.walk(folder.resolve(), onerror=problems.append):
        folders.sort()
        for name in sorted(names):
            file = Path(parent, name)
            if is_music(file):
                inside = file.relative_to(folder.resolve()).parent.name
                yield describe(file, file.relative_to(base).as_posix(), inside)
    for problem in problems:
        yield ImportFailure(str(problem.filename), f"The folder cannot be read: {problem.strerror}.")


def describe(file: Path, path: str, folder_name: str = "") -> MusicFile:
    """What can be said of a file by its name; a MIDI file's sequence name goes before it."""
    composer, title = split_name(file.stem)
    return MusicFile(
        file,
        path,
        title=sequence_name(file) if file.suffix.lower() in MIDI_SUFFIXES else "",
        fallback_title=title,
        fallback_composer=composer or folder_name.replace("_", " "),
    )


def split_name(stem: str) -> tuple[str, str]:
    """``Composer__Title`` or ``Composer - Title`` to composer and title, underscores as spaces."""
    for separator in ("__", " - "):
        composer, found, title = stem.partition(separator)
        if found and composer.strip() and title.strip():
            return composer.replace("_", " ").strip(), title.replace("_", " ").strip()
    return "", stem.replace("_", " ").strip()


def sequence_name(file: Path) -> str:
    """The name of the piece in a MIDI file: that of its first track, where that track has no notes of its own."""
    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD_BYTES)
        kind, _, _, size = struct.unpack_from(">HHHxxxxI", head, 8)
        if kind != 1 or 22 + size > len(head):
            return ""
        first = mido.MidiFile(file=io.BytesIO(head[:10] + b"\x00\x01" + head[12 : 22 + size]), clip=True)
    except (OSError, EOFError, ValueError, KeyError, IndexError, struct.error):
        return ""  # whether the file is any good is for whoever reads its notes to say
    events = first.tracks[0] if first.tracks else []
    if any(event.type == "note_on" for event in events):
        return ""
    name: str = next((event.name for event in events if event.type == "track_name"), "")
    return name.encode("latin-1").decode("utf-8", "replace").strip("\x00 \t\r\n") if "�" not in name else ""
