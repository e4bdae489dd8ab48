"""CLaMP 3 on a tiny checkpoint: one space for sound and text, batches, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from processors.adapters.clamp3 import Clamp3
from processors.adapters.errors import AdapterError
from processors.adapters.loading import ModelSource
from processors.adapters.mert import Mert

from .conftest import SPACE, sound

# the longest has more windows than the audio model takes at once
SOUNDS = [sound(3.0, 1), sound(47.0, 2), sound(11.0, 3)]
TEXTS = ["slow piano music", "a fast dance\na sad violin", "sad " * 200, ""]


def clamp3(folder: Path, text: Path, mert: Path, batch: int = 8) -> Clamp3:
    source = ModelSource(str(folder), device="cpu")
    return Clamp3(source, ModelSource(str(text)), Mert(ModelSource(str(mert), device="cpu")), batch)


def test_sound_and_text_are_unit_vectors_of_one_space(
    clamp3_folder: Path, text_folder: Path, mert_folder: Path
) -> None:
    model = clamp3(clamp3_folder, text_folder, mert_folder)
    sounds, texts = model.sounds(SOUNDS), model.texts(TEXTS)
    assert sounds.shape == (len(SOUNDS), SPACE)
    assert texts.shape == (len(TEXTS), SPACE)
    assert model.dimension == SPACE
    for vectors in (sounds, texts):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
        assert len(np.unique(vectors.round(4), axis=0)) == len(vectors)


def test_a_batch_is_what_each_is_alone(clamp3_folder: Path, text_folder: Path, mert_folder: Path) -> None:
    model = clamp3(clamp3_folder, text_folder, mert_folder)
    single = clamp3(clamp3_folder, text_folder, mert_folder, batch=1)
    alone = np.concatenate([single.sounds([one]) for one in SOUNDS])
    np.testing.assert_allclose(model.sounds(SOUNDS), alone, atol=1e-5)
    alone = np.concatenate([single.texts([one]) for one in TEXTS])
    np.testing.assert_allclose(model.texts(TEXTS), alone, atol=1e-5)


def test_weights_that_are_missing_or_cut_short_are_refused(
    clamp3_folder: Path, text_folder: Path, mert_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(clamp3_folder, tmp_path / "clamp3"))
    (path,) = folder.glob("*.pth")
    content = torch.load(path, weights_only=True)
    state = dict(content["model"])
    lost = state.pop("text_proj.bias")
    torch.save({"model": state}, path)
    with pytest.raises(AdapterError, match=r"lack 1 tensors: text_proj\.bias"):
        clamp3(folder, text_folder, mert_folder)
    del state["audio_proj.weight"]
    torch.save({"model": state | {"text_proj.bias": lost}}, path)
    with pytest.raises(AdapterError, match="not of CLaMP 3"):
        clamp3(folder, text_folder, mert_folder)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(AdapterError, match="damaged or cut short"):
        clamp3(folder, text_folder, mert_folder)
    path.unlink()
    with pytest.raises(AdapterError, match="no weights"):
        clamp3(folder, text_folder, mert_folder)
