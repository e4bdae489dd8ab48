"""The music21 corpus as a catalogue, for the demo and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from connectors.importers import ImportedWork, ImportOptions, load_importer
from connectors.settings import Settings
from processors.identify import Catalogue, WorkEntry
from processors.midi import read_score


def build_music21(
    path: Path,
    settings: Settings,
    progress: Callable[[int, int], None] = lambda done, total: None,
    at_most: int | None = None,
) -> list[ImportedWork]:
    """Build a catalogue of the corpus in ``path``. Scores are converted the first time, and cached for the next.

    Args:
        progress: called with how many scores are done, and how many there are.
        at_most: take only so many scores.

    Returns:
        The works of the catalogue.
    """
    importer = load_importer("music21", "", ImportOptions(settings.embedded.cache_dir))
    works: list[ImportedWork] = []

    def entries() -> Iterator[WorkEntry]:
        for done, work in enumerate(islice(importer, at_most), start=1):
            progress(done, len(importer))
            if isinstance(work, ImportedWork):
                works.append(work)
                score = read_score(work.midi)
                yield WorkEntry(
                    work.work_id,
                    work.title,
                    work.composer,
                    work.path,
                    score.notes,
                    work.licence,
                    score.beats,
                    score.parts,
                )

    Catalogue.build(path, entries())
    return works
