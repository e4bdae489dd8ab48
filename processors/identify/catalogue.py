"""The catalogue: works on disk, searchable by their notes, growing without a rebuild.

A folder with immutable segments and a manifest. A change writes new segments beside the old ones, then replaces the
manifest; whoever has the catalogue open keeps reading the state that he opened. Small segments are merged as they
gather.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import numpy as np

from processors.notes import Notes
from processors.parts import Part
from processors.score_beats import ScoreBeats

from .builder import SegmentBuilder, WorkEntry
from .files import CatalogueError, writer_lock
from .manifest import NAME, Manifest, SegmentEntry
from .segment import Segment, WorkInfo, hash_id, write_segment

SEGMENT_NOTES = 12_000_000
"""A build starts a new segment after so many notes; a merge makes none larger."""

MERGE_FACTOR = 2
"""A segment is merged with a newer one that has more than 1/factor of its notes, so sizes fall geometrically."""

REMOVED_SHARE = 0.5
"""A segment with more than this share of removed works is written anew."""

LOCK_WAIT_S = 30.0
OPEN_ATTEMPTS = 5


class Catalogue:
    """A catalogue opened for reading, as it was when opened; safe to use from many threads."""

    def __init__(
        self, path: Path, manifest: Manifest, segments: tuple[Segment, ...], stamp: tuple[int, int], checked: bool
    ) -> None:
        self.path = path
        self.segments = segments
        self._checked = checked
        self._manifest = manifest
        self._stamp = stamp

    @classmethod
    def open(cls, path: str | os.PathLike[str], check: bool = False, known: Catalogue | None = None) -> Catalogue:
        """Open the catalogue in the folder ``path``: memory-mapped, without reading it.

        Args:
            check: read every byte once and check it, as everything should that runs as a service.
            known: a catalogue that was checked; files that it has, too, are not checked again, since they never change.

        Raises:
            CatalogueError: there is none, or a file is missing, cut off or damaged (if not checked: at its head).
        """
        folder = Path(path)
        right = {segment.path for segment in known.segments} if known and known._checked else set()
        for attempt in range(OPEN_ATTEMPTS):
            stamp = _stamp(folder)
            manifest = Manifest.read(folder)
            try:
                segments = tuple(_open_segment(folder, entry) for entry in manifest.segments)
            except CatalogueError:
                # A writer may have replaced the manifest and deleted merged segments in between.
                if attempt + 1 == OPEN_ATTEMPTS or Manifest.read(folder).generation == manifest.generation:
                    raise
                continue
            for segment in segments if check else ():
                if segment.path not in right:
                    segment.verify()
            return cls(folder, manifest, segments, stamp, check)
        raise AssertionError("unreachable")

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str],
        works: Iterable[WorkEntry],
        progress: Callable[[int], None] | None = None,
    ) -> Catalogue:
        """Make the catalogue hold exactly ``works``; whatever was there before is replaced at the end, in one step.

        Args:
            path: the folder.
            works: with distinct ids.
            progress: called with the number of works so far, after each.

        Raises:
            CatalogueError: another writer is at work, or the disk refuses.
        """
        folder = Path(path)
        with writer_lock(folder, LOCK_WAIT_S):
            manifest = _manifest_or_new(folder)
            entries = _write_works(folder, iter(works), progress)
            manifest.next(entries, {}).write(folder)
            _delete_unused(folder, entries)
        return cls.open(folder)

    @classmethod
    def update(
        cls,
        path: str | os.PathLike[str],
        add: Iterable[WorkEntry] = (),
        remove: Iterable[str] = (),
        positions: Mapping[str, int] | None = None,
    ) -> Catalogue:
        """Add and remove works in one step; a work that is there already is replaced.

        Args:
            path: the folder; an empty catalogue is made if there is none.
            add: works to add, after the removals.
            remove: ids of works to remove; ids that are not there are ignored.
            positions: how far the sources of updates are applied with this step, kept in the same step.

        Raises:
            CatalogueError: the catalogue is damaged, another writer is at work, or the disk refuses.
        """
        folder = Path(path)
        with writer_lock(folder, LOCK_WAIT_S):
            manifest = _manifest_or_new(folder)
            added = {entry.work_id: entry for entry in add}
            gone = {hash_id(work_id) for work_id in [*remove, *added]}
            segments = [(entry, _open_segment(folder, entry)) for entry in manifest.segments]
            entries = [_without(entry, segment, gone) for entry, segment in segments]
            entries += _write_works(folder, iter(added.values()), None)
            entries = _compact(folder, entries)
            manifest.next(entries, {**manifest.positions, **(positions or {})}).write(folder)
            _delete_unused(folder, entries)
        return cls.open(folder)

    def refreshed(self) -> Catalogue:
        """The catalogue as it is on disk now: this very object if nothing changed, which costs one stat."""
        return self if _stamp(self.path) == self._stamp else Catalogue.open(self.path, self._checked, self)

    def verify(self) -> None:
        """Read every byte and check it.

        Raises:
            CatalogueError: a file is damaged.
        """
        for segment in self.segments:
            segment.verify()

    @property
    def version(self) -> str:
        """Names this state of the catalogue."""
        return self._manifest.version

    @property
    def positions(self) -> Mapping[str, int]:
        """How far the sources of updates are applied."""
        return self._manifest.positions

    def __len__(self) -> int:
        return sum(int(segment.works - segment.removed.sum()) for segment in self.segments)

    def works(self) -> Iterator[WorkInfo]:
        """All works, in the order in which they were added."""
        for segment in self.segments:
            for work in np.flatnonzero(~segment.removed).tolist():
                yield segment.info(work)

    def without(self, work_ids: Iterable[str]) -> Catalogue:
        """A view of this catalogue in which some works do not count; nothing changes on disk."""
        gone = {hash_id(work_id) for work_id in work_ids}
        left = tuple(segment.without(gone) for segment in self.segments)
        return Catalogue(self.path, self._manifest, left, self._stamp, self._checked)

    def notes_of(self, work_id: str) -> Notes:
        """A work's notes as far as the index keeps them: onsets and pitches, each pitch once an onset.

        Raises:
            KeyError: there is no such work.
        """
        segment, work = self._find(work_id)
        return segment.work_notes(work)

    def score_beats(self, work_id: str) -> ScoreBeats | None:
        """A work's beats on its own clock; nothing where its file had none, or is a performance.

        Raises:
            KeyError: there is no such work.
        """
        segment, work = self._find(work_id)
        return segment.score_beats(work)

    def parts(self, work_id: str) -> tuple[Part, ...]:
        """What plays a work's parts; none where its file does not tell.

        Raises:
            KeyError: there is no such work.
        """
        segment, work = self._find(work_id)
        return segment.score_parts(work)

    def _find(self, work_id: str) -> tuple[Segment, int]:
        wanted = np.uint64(hash_id(work_id))
        for segment in self.segments:
            for work in np.flatnonzero((segment.work_hash == wanted) & ~segment.removed).tolist():
                return segment, work
        raise KeyError(work_id)

    @property
    def notes(self) -> int:
        """Notes in the index, those of removed works included."""
        return sum(segment.notes for segment in self.segments)

    @property
    def query_bytes(self) -> int:
        """Bytes on disk that answering queries reads."""
        return sum(segment.query_bytes for segment in self.segments)


def _stamp(folder: Path) -> tuple[int, int]:
    try:
        status = (folder / NAME).stat()
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_ino


def _manifest_or_new(folder: Path) -> Manifest:
    return Manifest.read(folder) if (folder / NAME).exists() else Manifest()


def _open_segment(folder: Path, entry: SegmentEntry) -> Segment:
    path = folder / entry.file
    try:
        size = path.stat().st_size
    except OSError as error:
        raise CatalogueError(
            f"The catalogue file {path} is missing ({error.strerror}); build the catalogue again."
        ) from error
    if size != entry.size:
        raise CatalogueError(f"The catalogue file {path} is cut off or changed; build the catalogue again.")
    return Segment(path, entry.removed)


def _write_works(
    folder: Path, works: Iterator[WorkEntry], progress: Callable[[int], None] | None
) -> list[SegmentEntry]:
    entries: list[SegmentEntry] = []
    builder = SegmentBuilder()
    for number, work in enumerate(works, 1):
        if len(builder) and not builder.has_room(len(work.notes), SEGMENT_NOTES):
            entries.append(_write(folder, builder))
            builder = SegmentBuilder()
        builder.add(work)
        if progress is not None:
            progress(number)
    return [*entries, _write(folder, builder)] if len(builder) else entries


def _write(folder: Path, builder: SegmentBuilder) -> SegmentEntry:
    name = f"{uuid4().hex}.segment"
    size = write_segment(folder / name, builder.sections())
    return SegmentEntry(name, size, len(builder), builder.notes)


def _without(entry: SegmentEntry, segment: Segment, gone: set[int]) -> SegmentEntry:
    if not gone:
        return entry
    removed = np.flatnonzero(segment.without(gone).removed).tolist()
    return SegmentEntry(entry.file, entry.size, entry.works, entry.notes, removed)


def _compact(folder: Path, entries: list[SegmentEntry]) -> list[SegmentEntry]:
    """Drop empty segments; merge newest ones while they are not much smaller than their elders."""
    kept = [entry for entry in entries if len(entry.removed) < entry.works]
    run = len(kept) - 1
    notes = kept[-1].notes if kept else 0
    while run > 0 and kept[run - 1].notes < MERGE_FACTOR * notes and kept[run - 1].notes + notes <= SEGMENT_NOTES:
        run -= 1
        notes += kept[run].notes
    if run < len(kept) - 1:
        kept = [*kept[:run], _merged(folder, kept[run:])]
    return [_merged(folder, [entry]) if len(entry.removed) > REMOVED_SHARE * entry.works else entry for entry in kept]


def _merged(folder: Path, entries: list[SegmentEntry]) -> SegmentEntry:
    builder = SegmentBuilder()
    for entry in entries:
        builder.add_segment(_open_segment(folder, entry))
    return _write(folder, builder)


def _delete_unused(folder: Path, entries: list[SegmentEntry]) -> None:
    """Delete what no manifest names: merged segments, and what a killed writer left."""
    used = {entry.file for entry in entries}
    for path in folder.iterdir():
        if (path.suffix == ".segment" and path.name not in used) or path.suffix == ".tmp":
            path.unlink(missing_ok=True)
