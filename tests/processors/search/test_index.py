"""The search index follows its catalogue, survives damage and refuses vectors of another model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.embeddings.index import VectorIndexError
from processors.identify import Catalogue
from processors.search.index import FOLDER, SearchIndex
from processors.search.limits import Filters
from processors.search.model import SearchModel

from .conftest import entry


@pytest.fixture
def small(tmp_path: Path) -> Catalogue:
    return Catalogue.build(tmp_path / "catalogue", [entry(number) for number in range(6)])


def test_is_made_once_and_then_opened(small: Catalogue, model: SearchModel) -> None:
    counts: list[int] = []
    SearchIndex.of(small, model, lambda done, total: counts.append(done))
    again = SearchIndex.of(small, model, lambda done, total: counts.append(done))
    assert counts == [6]
    assert [again.info(row).work_id for row in range(len(again))] == [f"w{n}" for n in range(6)]


def test_only_new_works_are_embedded_and_removed_ones_are_gone(small: Catalogue, model: SearchModel) -> None:
    before = SearchIndex.of(small, model)
    changed = Catalogue.update(small.path, add=[entry(6)], remove=["w2"])
    counts: list[int] = []
    after = SearchIndex.of(changed, model, lambda done, total: counts.append(done))
    assert counts == [1]
    assert sorted(after.info(row).work_id for row in range(len(after))) == ["w0", "w1", "w3", "w4", "w5", "w6"]
    np.testing.assert_array_equal(after.rows.vector[after.row_of("w4")], before.rows.vector[before.row_of("w4")])
    assert len(before) == 6  # whoever has it open keeps it


def test_another_models_vectors_are_refused_and_made_anew(
    small: Catalogue, model: SearchModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    SearchIndex.of(small, model)
    monkeypatch.setattr(model, "name", "another-model")
    with pytest.raises(VectorIndexError, match="cannot be compared"):
        SearchIndex.open(small, model)
    counts: list[int] = []
    SearchIndex.of(small, model, lambda done, total: counts.append(done))
    assert counts == [6]


@pytest.mark.parametrize("pattern", ["*.rows", "*.vectors", "*.faiss", "vectors.json"])
def test_damage_is_noticed_and_mended(small: Catalogue, model: SearchModel, pattern: str) -> None:
    SearchIndex.of(small, model)
    (file,) = (small.path / FOLDER).glob(pattern)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(bytes(content))
    with pytest.raises(VectorIndexError, match="damaged"):
        SearchIndex.open(small, model)
    assert len(SearchIndex.of(small, model)) == 6


def test_filters_allow_what_fulfils_all_of_them(small: Catalogue, model: SearchModel) -> None:
    index = SearchIndex.of(small, model)

    def allowed(filters: Filters) -> set[str]:
        rows = index.allowed(filters)
        chosen = range(len(index)) if rows is None else np.flatnonzero(rows).tolist()
        return {index.info(row).work_id for row in chosen}

    assert allowed(Filters()) == {f"w{n}" for n in range(6)}
    assert allowed(Filters(instruments=("piano",))) == {"w0", "w3", "w4"}
    assert allowed(Filters(instruments=("piano", "violin"))) == {"w4"}
    assert allowed(Filters(tempo_min=90.0, tempo_max=120.0)) == {"w1", "w4"}
    assert allowed(Filters(composer="COMPOSER 1")) == {"w1", "w5"}
    assert allowed(Filters(composer="nobody")) == set()
