"""The music21 corpus as works, for the demo and the benchmarks."""

from __future__ import annotations

from collections.abc import Callable

from connectors.importers import ImportedWork, ImportOptions, load_importer
from connectors.settings import Settings


def import_music21(settings: Settings, progress: Callable[[int, int], None] | None = None) -> list[ImportedWork]:
    """All works of the corpus; converted the first time, from the cache after that.

    Args:
        progress: called with how many scores are done, and how many there are.
    """
    importer = load_importer("music21", "", ImportOptions(settings.embedded.cache_dir))
    works = []
    for done, work in enumerate(importer, start=1):
        if isinstance(work, ImportedWork):
            works.append(work)
        if progress:
            progress(done, len(importer))
    return works
