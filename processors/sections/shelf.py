"""Sections of works, kept in a folder beside the catalogue: a work is analysed when it is first played."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from processors.notes import Notes
from processors.score_beats import ScoreBeats

from .network import WHOLE
from .works import WorkSections, sections_of_work

MAX_KEPT = 256
"""Works in memory; a worker follows far fewer at a time."""


class SectionShelf:
    """Analysed works by their id; several processes may share a folder. For one thread at a time.

    A small file a work, written whole or not at all. Another model makes another file; whoever replaces a work's notes
    under the same id deletes the folder, which only costs the analyses.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._model = hashlib.sha256(WHOLE.read_bytes()).hexdigest()[:8]
        self._kept: dict[str, WorkSections | None] = {}

    def __len__(self) -> int:
        """How many works are in memory."""
        return len(self._kept)

    def sections(self, work_id: str, load: Callable[[], tuple[Notes, ScoreBeats | None]]) -> WorkSections | None:
        """A work's sections; ``load`` gives its notes and beats, and is called only where they are not known yet.

        An analysis takes some tenths of a second: call this from a worker thread.
        """
        if work_id not in self._kept:
            path = self._path(work_id)
            self._kept[work_id] = _read(path) or self._analyse(path, *load())
            if len(self._kept) > MAX_KEPT:
                self._kept.pop(next(iter(self._kept)))
        return self._kept[work_id]

    def _analyse(self, path: Path, notes: Notes, beats: ScoreBeats | None) -> WorkSections | None:
        found = sections_of_work(notes, beats)
        if found is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, suffix=".part")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(found.to_json())
            Path(name).replace(path)
        return found

    def _path(self, work_id: str) -> Path:
        return self._folder / f"{hashlib.sha256(work_id.encode()).hexdigest()[:24]}-{self._model}.json"


def _read(path: Path) -> WorkSections | None:
    try:
        return WorkSections.from_json(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None  # not there, or damaged: it is analysed anew
