"""An index of vectors on disk: nearest neighbours by cosine, with FAISS.

A folder with one immutable file of vectors, and a manifest that names it with its checksum and the model whose vectors
it holds. Building again writes a new file, then replaces the manifest: whoever has the index open keeps what he opened,
and a crash leaves the old or the new state. FAISS: Douze et al., "The Faiss library", 2024.
"""

from __future__ import annotations

import json
import math
import os
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import faiss
import numpy as np
from numpy.typing import NDArray

from processors.identify.files import CatalogueError, write_durably, writer_lock

MANIFEST = "vectors.json"
SUFFIX = ".faiss"
FORMAT = 1
EXACT_UP_TO = 100_000
"""So many vectors are compared one by one; more are sorted into cells, and stored in few bits a component."""
Bits = Literal[4, 8]
VECTORS_A_CELL = 512
TRAINING_VECTORS_A_CELL = 48
PROBES = 48
"""Cells that a query looks into."""
LOCK_WAIT_S = 30.0


class VectorIndexError(CatalogueError):
    """The index cannot be read or written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index's folder holds.

    Attributes:
        file, size, crc32: the file of vectors, its bytes and its checksum.
        model: whose vectors they are.
        made_from: names the state of what was embedded, for example a catalogue's version.
        count, dimension: of the vectors.
    """

    file: str
    size: int
    crc32: int
    model: str
    made_from: str
    count: int
    dimension: int


class VectorIndex:
    """Unit vectors with ids, opened for searching; safe to use from many threads."""

    def __init__(self, manifest: Manifest, index: faiss.Index) -> None:
        self.manifest = manifest
        self._index = index

    @classmethod
    def build(
        cls,
        path: str | os.PathLike[str],
        vectors: NDArray[np.float32],
        ids: NDArray[np.int64],
        model: str,
        made_from: str = "",
        bits: Bits = 4,
    ) -> VectorIndex:
        """Make the index in the folder ``path`` hold exactly ``vectors``; what was there is replaced in one step.

        Args:
            path: the folder.
            vectors: unit vectors, float32 [count, dimension].
            ids: int64 [count], what a search returns; not negative.
            model: names what embedded them.
            made_from: names what was embedded.
            bits: a component is stored in, where vectors are not compared one by one. Eight keep the order of near
                ones, which four do not, and take twice the memory.

        Raises:
            ValueError: shapes that do not fit, or vectors that are not finite.
            CatalogueError: another writer is at work, or the disk refuses.
        """
        if vectors.ndim != 2 or ids.shape != vectors.shape[:1]:
            raise ValueError(f"Vectors {vectors.shape} need one id each, not {ids.shape}.")
        if not np.isfinite(vectors).all():
            raise ValueError("Vectors hold values that are not finite numbers.")
        folder = Path(path)
        index = _made(np.ascontiguousarray(vectors, np.float32), np.ascontiguousarray(ids, np.int64), bits)
        content = faiss.serialize_index(index).tobytes()
        with writer_lock(folder, LOCK_WAIT_S):
            name = f"{uuid4().hex}{SUFFIX}"
            write_durably(folder / name, [content])
            manifest = Manifest(name, len(content), zlib.crc32(content), model, made_from, *vectors.shape)
            body = json.dumps({"format": FORMAT, **asdict(manifest)})
            outer = {"crc32": zlib.crc32(body.encode()), "index": body}
            write_durably(folder / MANIFEST, [json.dumps(outer).encode()])
            for old in folder.glob(f"*{SUFFIX}"):
                if old.name != name:
                    old.unlink(missing_ok=True)
        return cls(manifest, index)

    @classmethod
    def open(cls, path: str | os.PathLike[str], model: str) -> VectorIndex:
        """Open the index in the folder ``path`` to search it with vectors of ``model``; every byte is checked.

        Raises:
            VectorIndexError: there is none, it is damaged, or it holds vectors of another model.
        """
        folder = Path(path)
        while True:
            manifest = _read_manifest(folder)
            if manifest.model != model:
                raise VectorIndexError(
                    f"The index at {folder} holds vectors of {manifest.model}, which cannot be compared with those of "
                    f"{model}; build it again."
                )
            try:
                content = (folder / manifest.file).read_bytes()
            except OSError as error:
                if _read_manifest(folder).file != manifest.file:
                    continue  # built again in between
                raise VectorIndexError(f"The index file {folder / manifest.file} cannot be read: {error}.") from error
            if len(content) != manifest.size or zlib.crc32(content) != manifest.crc32:
                raise VectorIndexError(
                    f"The index file {folder / manifest.file} is damaged (its checksum differs); build the index again."
                )
            return cls(manifest, faiss.deserialize_index(np.frombuffer(content, np.uint8)))

    def __len__(self) -> int:
        return self.manifest.count

    def search(
        self, vectors: NDArray[np.float32], top: int, only: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The most similar vectors of each of ``vectors``.

        Args:
            vectors: unit vectors, float32 [queries, dimension].
            top: how many of each.
            only: bool, one an id from 0 on: vectors of other ids are passed over.

        Returns:
            cosines float32 [queries, top], best first, and ids int64 [queries, top]; id -1 where there are fewer.

        Raises:
            ValueError: vectors of another dimension.
        """
        if vectors.ndim != 2 or vectors.shape[1] != self.manifest.dimension:
            raise ValueError(f"The index takes vectors [queries, {self.manifest.dimension}], not {vectors.shape}.")
        if not len(vectors) or not len(self):
            return np.zeros((len(vectors), top), np.float32), np.full((len(vectors), top), -1, np.int64)
        # faiss reads the selector while it searches: both stay named until then
        selector = None if only is None else _selector(only)
        parameters = None if selector is None else self._parameters(selector)
        cosines, ids = self._index.search(np.ascontiguousarray(vectors, np.float32), top, params=parameters)
        return cosines, ids

    def _parameters(self, selector: Any) -> Any:
        untyped: Any = faiss  # its stubs lack the arguments that its wrapper adds
        if isinstance(self._index, faiss.IndexIVF):
            return untyped.SearchParametersIVF(sel=selector, nprobe=PROBES)
        return untyped.SearchParameters(sel=selector)


def _selector(only: NDArray[np.bool_]) -> Any:
    untyped: Any = faiss
    return untyped.IDSelectorBitmap(np.packbits(only, bitorder="little"))


def _made(vectors: NDArray[np.float32], ids: NDArray[np.int64], bits: Bits) -> Any:
    count, dimension = vectors.shape
    if count <= EXACT_UP_TO:
        index: Any = faiss.IndexIDMap(faiss.IndexFlatIP(dimension))
    else:
        cells = 2 ** round(math.log2(count / VECTORS_A_CELL))
        index = faiss.index_factory(dimension, f"IVF{cells},SQ{bits}", faiss.METRIC_INNER_PRODUCT)
        index.nprobe = PROBES
        rng = np.random.default_rng(0)
        index.train(vectors[rng.choice(count, min(count, cells * TRAINING_VECTORS_A_CELL), replace=False)])
    index.add_with_ids(vectors, ids)
    return index


def _read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        outer = json.loads(path.read_bytes())
        body = outer["index"]
        if zlib.crc32(body.encode()) != outer["crc32"]:
            raise ValueError("its checksum differs")
        values = json.loads(body)
        if values.pop("format") != FORMAT:
            raise VectorIndexError(f"The index at {folder} was made by another version of Continuo; build it again.")
        return Manifest(**values)
    except FileNotFoundError:
        raise VectorIndexError(f"There is no index of vectors at {folder}; build one.") from None
    except OSError as error:
        raise VectorIndexError(f"The index at {folder} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise VectorIndexError(f"The index's {path} is damaged ({error}); build it again.") from error
