"""The index of vectors on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from processors.embeddings import VectorIndex, VectorIndexError
from processors.embeddings.index import EXACT_UP_TO, MANIFEST

MODEL = "model-a"


def unit_vectors(count: int, dimension: int = 16, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def vectors_file(folder: Path) -> Path:
    (file,) = folder.glob("*.faiss")
    return file


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index of fifty vectors with ids from 1000 on."""
    VectorIndex.build(tmp_path, unit_vectors(50), np.arange(1000, 1050), MODEL, "state 1")
    return tmp_path


def test_what_was_put_in_is_found_by_another_reader(folder: Path) -> None:
    index = VectorIndex.open(folder, MODEL)
    cosines, ids = index.search(unit_vectors(50)[[7, 3]], 2)
    assert ids[:, 0].tolist() == [1007, 1003]
    assert cosines[:, 0] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert len(index) == 50
    assert index.manifest.made_from == "state 1"


def test_where_there_are_fewer_than_asked_for_the_rest_is_minus_one(folder: Path) -> None:
    _, ids = VectorIndex.open(folder, MODEL).search(unit_vectors(1), 60)
    assert ids[0, 50:].tolist() == [-1] * 10


def test_vectors_of_another_model_are_refused(folder: Path) -> None:
    with pytest.raises(VectorIndexError, match=r"model-a.*cannot be compared"):
        VectorIndex.open(folder, "model-b")


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_a_damaged_file_is_refused(folder: Path, damage: str) -> None:
    file = vectors_file(folder)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "remove":
        file.unlink()
    else:
        file.write_bytes(content if damage == "flip" else content[:-5])
    with pytest.raises(VectorIndexError, match=r"damaged|cannot be read"):
        VectorIndex.open(folder, MODEL)


def test_a_damaged_manifest_is_refused(folder: Path) -> None:
    manifest = folder / MANIFEST
    manifest.write_text(manifest.read_text().replace("state 1", "state 2"))
    with pytest.raises(VectorIndexError, match="checksum"):
        VectorIndex.open(folder, MODEL)


def test_an_empty_folder_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(VectorIndexError, match="no index"):
        VectorIndex.open(tmp_path, MODEL)


def test_building_again_switches_and_leaves_readers_what_they_opened(folder: Path) -> None:
    before = VectorIndex.open(folder, MODEL)
    VectorIndex.build(folder, unit_vectors(5, seed=1), np.arange(5), MODEL)
    assert vectors_file(folder).exists()  # one file: the old one is gone
    assert len(VectorIndex.open(folder, MODEL)) == 5
    assert before.search(unit_vectors(50)[:1], 1)[1].tolist() == [[1000]]


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    VectorIndex.build(tmp_path, unit_vectors(0), np.zeros(0, np.int64), MODEL)
    _, ids = VectorIndex.open(tmp_path, MODEL).search(unit_vectors(2), 3)
    assert ids.tolist() == [[-1] * 3] * 2


def test_many_vectors_are_stored_in_fewer_bytes_and_still_found(tmp_path: Path) -> None:
    count = EXACT_UP_TO + 1
    vectors = unit_vectors(count, dimension=8)
    index = VectorIndex.build(tmp_path, vectors, np.arange(count), MODEL)
    chosen = np.arange(0, count, count // 50)
    _, ids = index.search(vectors[chosen], 10)
    assert np.mean([row in found for row, found in zip(chosen, ids, strict=True)]) > 0.95
    assert index.manifest.size < vectors.nbytes


@pytest.mark.parametrize("vectors", [np.full((2, 4), np.nan, np.float32), np.zeros(4, np.float32)])
def test_what_is_no_vector_is_refused(tmp_path: Path, vectors: NDArray[np.float32]) -> None:
    with pytest.raises(ValueError, match="Vectors"):
        VectorIndex.build(tmp_path, vectors, np.arange(2), MODEL)
