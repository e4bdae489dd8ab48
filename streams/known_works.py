"""The beats of the catalogue's works, for whoever follows players through them."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from connectors.telemetry import Metrics
from processors.beats.score import KnownWork
from processors.identify import Catalogue, CatalogueError

WORKS_MAX = 256


class KnownWorks:
    """Reads works from the catalogue in ``folder`` when they are first asked for, and keeps the latest."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._count = metrics.cache_count("known works")
        self._folder = folder
        self._catalogue: Catalogue | None = None
        self._works: OrderedDict[str, KnownWork | None] = OrderedDict()

    def find(self, work_id: str) -> KnownWork | None:
        """A work and its beats; None where it has none, or the catalogue no such work."""
        known = work_id in self._works
        self._count.asked(hit=known)
        if not known:
            self._works[work_id] = self._read(work_id)
            if len(self._works) > WORKS_MAX:
                self._works.popitem(last=False)
        self._works.move_to_end(work_id)
        return self._works[work_id]

    def _read(self, work_id: str) -> KnownWork | None:
        try:
            known = self._catalogue
            self._catalogue = Catalogue.open(self._folder, check=True) if known is None else known.refreshed()
            beats = self._catalogue.score_beats(work_id)
            return None if beats is None else KnownWork.of(work_id, self._catalogue.notes_of(work_id), beats)
        except (CatalogueError, KeyError):
            return None
