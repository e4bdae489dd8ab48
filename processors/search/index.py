"""The search index of a catalogue: a vector and some facts of every work, on disk, following the catalogue.

A folder with a ``VectorIndex`` and one immutable file of rows, a row a work. The vectors' manifest names the
catalogue's version and the file of rows with its checksum, so replacing it switches both in one step. Works that an
older version of the index knows, with the same model, keep their vectors: only new ones are embedded.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from processors.embeddings.index import VectorIndex, VectorIndexError
from processors.identify import Catalogue, CatalogueError, WorkInfo
from processors.identify.files import write_durably
from processors.identify.segment import Segment, hash_id
from processors.parts import NUMBER

from .constants import BITS, DIMENSION
from .facts import facts_of
from .limits import Filters
from .model import SearchModel, name_text

FOLDER = "search"
"""Where a catalogue's folder holds its search index."""
SUFFIX = ".rows"
VECTORS_SUFFIX = ".vectors"
FORMAT = 2
READ_BYTES = 8 << 20
UNKNOWN_TEMPO = np.float32(np.nan)
BATCH_WORKS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is kept of each work besides its place in FAISS; one entry a work, in the order of ids.

    Attributes:
        work: uint64, hash of the work's id and of what else its vector is made from.
        segment, number: int32, its segment's place in the catalogue and its number there.
        tempo_bpm: float32, beats a minute; NaN where it is not known.
        instruments: uint64, bit ``n`` for instrument ``n`` of ``INSTRUMENTS``.
        key: int8, 0-11 major, 12-23 minor.
        vector: float16 [works, DIMENSION]; of an opened index a map of its file: only what is read takes memory.
    """

    work: NDArray[np.uint64]
    segment: NDArray[np.int32]
    number: NDArray[np.int32]
    tempo_bpm: NDArray[np.float32]
    instruments: NDArray[np.uint64]
    key: NDArray[np.int8]
    vector: NDArray[np.float16]

    def __len__(self) -> int:
        return len(self.work)

    def to_bytes(self) -> bytes:
        """All but the vectors as an ``.npz`` file."""
        file = io.BytesIO()
        np.savez(file, **{name: getattr(self, name) for name in _BESIDE_VECTORS})
        return file.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, vector: NDArray[np.float16]) -> Rows:
        """Of an ``.npz`` file and the vectors."""
        with np.load(io.BytesIO(content)) as arrays:
            return cls(**{name: arrays[name] for name in _BESIDE_VECTORS}, vector=vector)


_BESIDE_VECTORS = tuple(field.name for field in fields(Rows) if field.name != "vector")


class SearchIndex:
    """The index opened for searching, as it was when opened; safe to use from many threads.

    Attributes:
        catalogue: whose works these are.
        rows: facts of each; ids are row numbers.
    """

    def __init__(self, catalogue: Catalogue, vectors: VectorIndex, rows: Rows) -> None:
        self.catalogue = catalogue
        self.rows = rows
        self._vectors = vectors
        self._composers: tuple[NDArray[np.int32], list[str]] | None = None

    @classmethod
    def of(
        cls, catalogue: Catalogue, model: SearchModel, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> SearchIndex:
        """The catalogue's index; made or brought up to date first where it is missing, older or of another model.

        Args:
            progress: called with how many works are embedded, and how many have to be.

        Raises:
            CatalogueError: another process is at work on it, or the disk refuses.
        """
        try:
            return cls.open(catalogue, model)
        except VectorIndexError:
            return cls._build(catalogue, model, progress)

    @classmethod
    def open(cls, catalogue: Catalogue, model: SearchModel) -> SearchIndex:
        """The index as it is on disk.

        Raises:
            VectorIndexError: there is none, it is damaged, of another model, or of another state of the catalogue.
        """
        folder = catalogue.path / FOLDER
        vectors = VectorIndex.open(folder, model.name)
        made_from = _made_from(vectors)
        if made_from["catalogue"] != catalogue.version:
            raise VectorIndexError(f"The search index at {folder} is older than its catalogue.")
        return cls(catalogue, vectors, _read_rows(folder, made_from))

    @classmethod
    def _build(cls, catalogue: Catalogue, model: SearchModel, progress: Callable[[int, int], None]) -> SearchIndex:
        folder = catalogue.path / FOLDER
        rows = _rows_of(catalogue, model, _known(folder, model), progress)
        name = uuid4().hex
        folder.mkdir(parents=True, exist_ok=True)
        made_from: dict[str, Any] = {"format": FORMAT, "catalogue": catalogue.version, "rows": name}
        for suffix, content in ((SUFFIX, rows.to_bytes()), (VECTORS_SUFFIX, rows.vector.tobytes())):
            write_durably(folder / (name + suffix), [content])
            made_from[suffix] = zlib.crc32(content)
        vectors = VectorIndex.build(
            folder, rows.vector.astype(np.float32), np.arange(len(rows)), model.name, json.dumps(made_from), BITS
        )
        for suffix in (SUFFIX, VECTORS_SUFFIX):
            for old in folder.glob(f"*{suffix}"):
                if old.stem != name:
                    old.unlink(missing_ok=True)
        return cls(catalogue, vectors, _read_rows(folder, made_from))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def version(self) -> str:
        """Names the state of the catalogue and the model."""
        return f"{self.catalogue.version}/{self._vectors.manifest.model}"

    def nearest(
        self, vector: NDArray[np.float32], top: int, only: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Scores, best first, and row numbers of the ``top`` nearest works, fewer where there are fewer."""
        scores, ids = self._vectors.search(vector[None], min(top, max(len(self), 1)), only)
        there = ids[0] >= 0
        return scores[0][there], ids[0][there]

    def row(self, segment: Segment, number: int) -> int | None:
        """The row of a segment's work; None where it has none."""
        place = next((i for i, other in enumerate(self.catalogue.segments) if other.path == segment.path), -1)
        found = np.flatnonzero((self.rows.segment == place) & (self.rows.number == number))
        return int(found[0]) if len(found) else None

    def row_of(self, work_id: str) -> int:
        """The row of a work.

        Raises:
            KeyError: there is no such work.
        """
        wanted = np.uint64(hash_id(work_id))
        for segment in self.catalogue.segments:
            for number in np.flatnonzero((segment.work_hash == wanted) & ~segment.removed).tolist():
                row = self.row(segment, number)
                if row is not None:
                    return row
        raise KeyError(work_id)

    def info(self, row: int) -> WorkInfo:
        """What the catalogue says of a row's work."""
        return self.catalogue.segments[int(self.rows.segment[row])].info(int(self.rows.number[row]))

    def allowed(self, filters: Filters) -> NDArray[np.bool_] | None:
        """Which rows fulfil the filters; None for all."""
        if not filters:
            return None
        rows = self.rows
        allowed = np.ones(len(rows), bool)
        for name in filters.instruments:
            allowed &= (rows.instruments >> np.uint64(NUMBER[name])) & np.uint64(1) == 1
        if filters.tempo_min is not None:
            allowed &= rows.tempo_bpm >= filters.tempo_min  # NaN is on neither side
        if filters.tempo_max is not None:
            allowed &= rows.tempo_bpm <= filters.tempo_max
        if filters.composer:
            number, names = self._composer_rows()
            wanted = filters.composer.casefold()
            allowed &= np.array([wanted in name for name in names], bool)[number]
        return allowed

    def _composer_rows(self) -> tuple[NDArray[np.int32], list[str]]:
        """Each row's composer by number, and the names; read once, when they are first asked for."""
        if self._composers is None:
            numbers: dict[str, int] = {}
            rows = [numbers.setdefault(self.info(row).composer.casefold(), len(numbers)) for row in range(len(self))]
            self._composers = np.array(rows, np.int32), list(numbers)
        return self._composers


def _made_from(vectors: VectorIndex) -> dict[str, Any]:
    try:
        made_from: dict[str, Any] = json.loads(vectors.manifest.made_from)
        if made_from["format"] == FORMAT:
            return made_from
    except (ValueError, KeyError, TypeError):
        pass
    raise VectorIndexError("The search index was made by another version of Continuo.")


def _read_rows(folder: Path, made_from: dict[str, Any]) -> Rows:
    try:
        paths = [folder / (made_from["rows"] + suffix) for suffix in (SUFFIX, VECTORS_SUFFIX)]
        if any(_checksum(path) != made_from[path.suffix] for path in paths):
            raise ValueError("a checksum differs")
        # a map of no bytes cannot be made
        empty = not paths[1].stat().st_size
        vectors = np.zeros(0, np.float16) if empty else np.asarray(np.memmap(paths[1], np.float16, "r"))
        return Rows.from_bytes(paths[0].read_bytes(), vectors.reshape(-1, DIMENSION))
    except (OSError, ValueError, KeyError) as error:
        raise VectorIndexError(f"The search index at {folder} is damaged ({error}); it is made again.") from error


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            checksum = zlib.crc32(part, checksum)
    return checksum


def _known(folder: Path, model: SearchModel) -> Rows | None:
    """Rows of an older state of the index, if its vectors are of this model."""
    try:
        vectors = VectorIndex.open(folder, model.name)
        return _read_rows(folder, _made_from(vectors))
    except VectorIndexError:
        return None


def _rows_of(
    catalogue: Catalogue, model: SearchModel, known: Rows | None, progress: Callable[[int, int], None]
) -> Rows:
    works = [
        (place, number)
        for place, segment in enumerate(catalogue.segments)
        for number in np.flatnonzero(~segment.removed).tolist()
    ]
    segments = catalogue.segments
    hashes = np.array([_content_hash(segments[place], number) for place, number in works], np.uint64)
    rows = Rows(
        hashes,
        np.array([place for place, _ in works], np.int32),
        np.array([number for _, number in works], np.int32),
        np.full(len(works), UNKNOWN_TEMPO),
        np.zeros(len(works), np.uint64),
        np.zeros(len(works), np.int8),
        np.zeros((len(works), DIMENSION), np.float16),
    )
    new = np.arange(len(works)) if known is None else _taken_over(rows, known)
    for start in range(0, len(new), BATCH_WORKS):
        batch = new[start : start + BATCH_WORKS].tolist()
        _embed(rows, batch, [(segments[works[row][0]], works[row][1]) for row in batch], model)
        progress(min(start + BATCH_WORKS, len(new)), len(new))
    return rows


def _content_hash(segment: Segment, number: int) -> int:
    a, b = segment.work_text[number : number + 2]
    said = zlib.crc32(segment.text[a:b].tobytes() + segment.encoded_parts(number))
    return (int(segment.work_hash[number]) ^ (said << 32) ^ said) & 0xFFFFFFFFFFFFFFFF


def _taken_over(rows: Rows, known: Rows) -> NDArray[np.int64]:
    """Copy what is known; the rows that are new."""
    order = np.argsort(known.work, kind="stable")
    at = np.minimum(np.searchsorted(known.work[order], rows.work), max(len(known) - 1, 0))
    if not len(known):
        return np.arange(len(rows))
    there = known.work[order][at] == rows.work
    for name in ("tempo_bpm", "instruments", "key", "vector"):
        getattr(rows, name)[there] = getattr(known, name)[order[at[there]]]
    return np.flatnonzero(~there)


def _embed(rows: Rows, numbers: list[int], works: list[tuple[Segment, int]], model: SearchModel) -> None:
    facts = [
        facts_of(segment.work_notes(number), segment.score_beats(number), segment.score_parts(number))
        for segment, number in works
    ]
    infos = [segment.info(number) for segment, number in works]
    rows.vector[numbers] = model.works(facts, [name_text(info.composer, info.title) for info in infos])
    for row, one in zip(numbers, facts, strict=True):
        rows.tempo_bpm[row] = UNKNOWN_TEMPO if one.tempo_bpm is None else one.tempo_bpm
        rows.instruments[row] = sum(1 << NUMBER[name] for name in one.instruments)
        rows.key[row] = int(one.key_fit.argmax())


__all__ = ["CatalogueError", "Rows", "SearchIndex"]
