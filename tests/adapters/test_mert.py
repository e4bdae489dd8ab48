"""MERT on a tiny checkpoint: shapes, batches, layers, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from processors.adapters.errors import AdapterError
from processors.adapters.loading import ModelSource
from processors.adapters.mert import Mert
from processors.embeddings import VectorIndex, VectorIndexError
from processors.midi import BadMusicError

from .conftest import MERT_LAYERS, SIZE, sound

SOUNDS = [sound(12.0, 1), sound(3.0, 2), sound(5.0, 3), sound(5.4, 4)]


@pytest.fixture(scope="module")
def mert(mert_folder: Path) -> Mert:
    return Mert(ModelSource(str(mert_folder), device="cpu"))


@pytest.fixture
def copied(mert_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mert_folder, tmp_path / "mert"))


def test_features_are_windows_by_layers_by_dimension(mert: Mert) -> None:
    features = mert.features(SOUNDS)
    # 12 s: two windows and one of 2 s; 5.4 s: the rest is too short to count
    assert [part.shape for part in features] == [(count, MERT_LAYERS + 1, SIZE) for count in (3, 1, 1, 1)]
    assert (mert.layers, mert.dimension) == (MERT_LAYERS + 1, SIZE)
    vectors = mert(SOUNDS)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


def test_a_batch_is_what_each_is_alone(mert: Mert, mert_folder: Path) -> None:
    single = Mert(ModelSource(str(mert_folder), device="cpu"), batch=1)
    together = mert.features(SOUNDS)
    for number, one in enumerate(SOUNDS):
        (alone,) = single.features([one])
        np.testing.assert_allclose(together[number], alone, atol=1e-5)


def test_layers_differ_and_the_model_says_which(mert: Mert, mert_folder: Path) -> None:
    first, last = (Mert(ModelSource(str(mert_folder), device="cpu"), layer=layer) for layer in (0, MERT_LAYERS))
    assert len({mert.model, first.model, last.model}) == 3
    one = SOUNDS[1:2]
    np.testing.assert_allclose(
        last(one)[0], (unit := mert.features(one)[0][0, MERT_LAYERS]) / np.linalg.norm(unit), atol=1e-5
    )
    assert np.abs(first(one) - last(one)).max() > 0.01
    with pytest.raises(AdapterError, match="no layer 4"):
        Mert(ModelSource(str(mert_folder), device="cpu"), layer=MERT_LAYERS + 1)


def test_an_index_refuses_the_vectors_of_another_model(mert: Mert, mert_folder: Path, tmp_path: Path) -> None:
    VectorIndex.build(tmp_path / "index", mert(SOUNDS), np.arange(len(SOUNDS)), mert.model)
    assert len(VectorIndex.open(tmp_path / "index", mert.model)) == len(SOUNDS)
    other = Mert(ModelSource(str(mert_folder), device="cpu"), layer=1)
    with pytest.raises(VectorIndexError, match="cannot be compared"):
        VectorIndex.open(tmp_path / "index", other.model)


def test_half_precision_is_close(mert: Mert, mert_folder: Path) -> None:
    half = Mert(ModelSource(str(mert_folder), device="cpu", dtype="bfloat16"))
    # random weights keep less of a signal than trained ones
    assert (half(SOUNDS) * mert(SOUNDS)).sum(axis=1).min() > 0.9


def test_a_sound_without_a_single_feature_is_refused(mert: Mert) -> None:
    with pytest.raises(BadMusicError, match=r"needs 0\.0"):
        mert([sound(0.01)])


def test_weights_cut_short_are_refused(copied: Path) -> None:
    weights = copied / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(AdapterError, match="damaged or cut short"):
        Mert(ModelSource(str(copied)))


def test_missing_foreign_and_other_weights_are_refused(copied: Path) -> None:
    path = copied / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    name = "encoder.layers.0.attention.k_proj.weight"
    torch.save({key: value for key, value in state.items() if key != name}, path)
    with pytest.raises(AdapterError, match=f"lack 1 tensors: {name}"):
        Mert(ModelSource(str(copied)))
    torch.save(state | {"head.weight": torch.zeros(3)}, path)
    with pytest.raises(AdapterError, match=r"does not know, 1 tensors: head\.weight"):
        Mert(ModelSource(str(copied)))
    torch.save(state | {name: torch.zeros(3, 3)}, path)
    with pytest.raises(AdapterError, match="not of this model: size mismatch"):
        Mert(ModelSource(str(copied)))


def test_a_pickle_with_code_in_it_is_not_run(copied: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('run')",)

    torch.save({"weights": Evil()}, copied / "pytorch_model.bin")
    with pytest.raises(AdapterError, match="cannot be read"):
        Mert(ModelSource(str(copied)))


def test_missing_files_and_other_kinds_of_mert_are_refused(copied: Path, tmp_path: Path) -> None:
    values = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(values | {"feature_extractor_cqt": True}))
    with pytest.raises(AdapterError, match="feature_extractor_cqt is True"):
        Mert(ModelSource(str(copied)))
    (copied / "config.json").write_text(json.dumps(values))
    (copied / "pytorch_model.bin").unlink()
    with pytest.raises(AdapterError, match="no weights"):
        Mert(ModelSource(str(copied)))
    with pytest.raises(AdapterError, match="is no folder here"):
        Mert(ModelSource("nobody/nothing", local_only=True))
    with pytest.raises(AdapterError, match="device 'tpu9'"):
        Mert(ModelSource(str(copied), device="tpu9"))
