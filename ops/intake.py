"""From importers to the catalogue: what was taken in, what was not and why."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.importers import ImportedWork, Importer, ImportFailure, ImportOptions, load_importer
from connectors.music_limits import midi_limits
from connectors.settings import Settings
from processors.identify import Catalogue, WorkEntry, WorkInfo
from processors.midi import BadMusicError, read_score

BATCH_WORKS = 512
"""How many works are put into the catalogue in one step; a crash costs no more than these."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What the command line names: any number of manifests, folders, plugins, and the music21 corpus."""

    manifests: list[Path] = field(default_factory=list)
    folders: list[Path] = field(default_factory=list)
    plugins: list[str] = field(default_factory=list)
    music21: bool = False
    root: Path | None = None

    def importers(self, settings: Settings) -> list[Importer]:
        """Open all sources.

        Raises:
            ImporterError: one of them cannot be used.
        """
        options = ImportOptions(settings.embedded.cache_dir, self.root, settings.limits.midi_max_bytes)
        named = [("manifest", str(manifest)) for manifest in self.manifests]
        named += [("folder", str(folder)) for folder in self.folders]
        named += [("music21", "")] if self.music21 else []
        for plugin in self.plugins:
            name, _, argument = plugin.partition(":")
            named.append((name, argument))
        return [load_importer(name, argument, options) for name, argument in named]


class Intake:
    """The works of some importers, each id once, with a count of what happened to them.

    Attributes:
        total: about how many works there are.
        seen: how many works and failures have come so far.
        imported: how many works were handed on.
        unchanged: how many were in the catalogue already.
        failures: what gave no work.
        on_progress: called with ``seen`` after each.
    """

    def __init__(self, importers: list[Importer], settings: Settings) -> None:
        self.importers = importers
        self.limits = midi_limits(settings.limits)
        self.total = sum(len(importer) for importer in importers)
        self.seen = self.imported = self.unchanged = 0
        self.failures: list[ImportFailure] = []
        self.on_progress: Callable[[int], object] = lambda seen: None
        self._paths: dict[str, str] = {}
        self._start = time.perf_counter()

    def works(self) -> Iterator[tuple[ImportedWork, WorkEntry]]:
        """Each work as it was imported and as the catalogue takes it; what cannot be read goes to ``failures``."""
        for importer in self.importers:
            for work in importer:
                self.seen += 1
                self.on_progress(self.seen)
                if isinstance(work, ImportFailure):
                    self.failures.append(work)
                    continue
                entry = self._entry(work)
                if entry is not None:
                    yield work, entry

    def _entry(self, work: ImportedWork) -> WorkEntry | None:
        if work.work_id in self._paths:
            reason = f"The work id {work.work_id} is that of {self._paths[work.work_id]} already."
            self.failures.append(ImportFailure(work.path, reason))
            return None
        try:
            score = read_score(work.midi, self.limits)
        except BadMusicError as error:
            self.failures.append(ImportFailure(work.path, str(error)))
            return None
        self._paths[work.work_id] = work.path
        return WorkEntry(
            work.work_id, work.title, work.composer, work.path, score.notes, work.licence, score.beats, score.parts
        )

    def readable(self) -> Iterator[ImportedWork]:
        """The works for the catalogue topic: only those that a worker can read."""
        for work, _ in self.works():
            self.imported += 1
            yield work

    def entries(self) -> Iterator[WorkEntry]:
        """The works for a new catalogue."""
        for _, entry in self.works():
            self.imported += 1
            yield entry

    def changed_entries(self, catalogue: Catalogue) -> Iterator[WorkEntry]:
        """The works that the catalogue lacks, has otherwise, or has without the beats or parts that are known now."""
        known = {work.work_id: work for work in catalogue.works()}
        for _, entry in self.works():
            if same_content(entry, known.get(entry.work_id)) and not _tells_more(entry, catalogue):
                self.unchanged += 1
            else:
                self.imported += 1
                yield entry

    def summary(self) -> dict[str, Any]:
        """What happened, for people and programs."""
        seconds = time.perf_counter() - self._start
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "failed": len(self.failures),
            "failures": [{"path": failure.path, "reason": failure.reason} for failure in self.failures],
            "seconds": round(seconds, 3),
            "works_per_s": round((self.imported + self.unchanged) / seconds, 1) if seconds else 0.0,
        }


def same_content(entry: WorkEntry, info: WorkInfo | None) -> bool:
    """Whether the catalogue's work is this one, as far as it keeps what was imported."""
    return info is not None and (
        (entry.title, entry.composer, entry.path, entry.licence, len(entry.notes))
        == (info.title, info.composer, info.path, info.licence, info.notes_count)
        and abs(entry.notes.end_s - info.duration_s) < 0.001
    )


def _tells_more(entry: WorkEntry, catalogue: Catalogue) -> bool:
    """Whether a work has beats or parts that the catalogue, perhaps of an older version, has none of."""
    return (entry.beats is not None and catalogue.score_beats(entry.work_id) is None) or (
        bool(entry.parts) and not catalogue.parts(entry.work_id)
    )


def add_works(path: Path, intake: Intake) -> Catalogue:
    """Add the works that are new or changed, in batches, each of them safe once it is in.

    Raises:
        CatalogueError: as `Catalogue.update`.
    """
    catalogue = Catalogue.update(path)  # makes an empty one if there is none
    entries = intake.changed_entries(catalogue)
    while batch := list(islice(entries, BATCH_WORKS)):
        catalogue = Catalogue.update(path, add=batch)
    return catalogue
