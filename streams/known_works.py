"""The beats of the catalogue's works, for whoever follows players through them."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from connectors.telemetry import Metrics
from processors.beats.score import KnownWork
from processors.identify import Catalogue, CatalogueError

WORKS_MAX, NOTES_MAX = 256, 1_000_000
"""Kept at hand; a note takes some twenty bytes."""


class KnownWorks:
    """Reads works from the catalogue in ``folder`` when they are first asked for, and keeps the latest."""

    def __init__(self, folder: Path, metrics: Metrics) -> None:
        self._count = metrics.cache_count("known works")
        self._folder = folder
        self._catalogue: Catalogue | None = None
        self._works: OrderedDict[str, KnownWork | None] = OrderedDict()
        self._notes = 0
        metrics.cached_by("known works", self._works)

    def find(self, work_id: str) -> KnownWork | None:
        """A work and its beats; None where it has none, or the catalogue no such work."""
        known = work_id in self._works
        self._count.asked(hit=known)
        if not known:
            self._works[work_id] = self._read(work_id)
            self._notes += _notes(self._works[work_id])
            while len(self._works) > WORKS_MAX or (self._notes > NOTES_MAX and len(self._works) > 1):
                self._notes -= _notes(self._works.popitem(last=False)[1])
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


def _notes(work: KnownWork | None) -> int:
    return 0 if work is None else len(work.notes)
