"""Imported works kept in one file: a zip archive with the MIDI files and a table of them.

Zip carries a CRC-32 of each member, which is checked when it is read.
"""

from __future__ import annotations

import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from .base import ImportedWork, ImportFailure

TABLE = "works.json"


def load_works(file: Path) -> list[ImportedWork | ImportFailure] | None:
    """What was kept, or nothing if there is no file or it is damaged."""
    try:
        with zipfile.ZipFile(file) as archive:
            return [
                ImportFailure(**entry)
                if "reason" in entry
                else ImportedWork(**entry, midi=archive.read(f"{number}.mid"))
                for number, entry in enumerate(json.loads(archive.read(TABLE)))
            ]
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError):
        return None


def save_works(file: Path, works: Sequence[ImportedWork | ImportFailure]) -> None:
    """Keep works and failures, in one step: a reader finds all of it or none.

    Raises:
        OSError: the disk refuses.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".tmp")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened, zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as archive:
            for number, work in enumerate(works):
                if isinstance(work, ImportedWork):
                    archive.writestr(f"{number}.mid", work.midi)
            archive.writestr(TABLE, json.dumps([_entry(work) for work in works]))
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def _entry(work: ImportedWork | ImportFailure) -> dict[str, str | None]:
    if isinstance(work, ImportFailure):
        return {"path": work.path, "reason": work.reason}
    return {
        "work_id": work.work_id,
        "title": work.title,
        "composer": work.composer,
        "path": work.path,
        "licence": work.licence,
    }
