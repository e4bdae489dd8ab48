"""The quantised network as a list of operations on vectors of fixed-point numbers: what every target is made from.

Read from a QKeras model, written to the Verilog and the ONNX of the same network, and shipped as a JSON file whose hash
is the network's version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .formats import Format

Kind = Literal["input", "dense", "round", "join", "add", "subtract", "multiply"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One layer.

    Attributes:
        name: of the layer, also of its result.
        kind: what it does; ``round`` rounds and saturates to ``format``.
        inputs: the names of the results that it reads.
        size: numbers of its result.
        format: of an input or a rounding.
        kernel, bias: of a dense layer, in values; [inputs][size] and [size].
    """

    name: str
    kind: Kind
    inputs: tuple[str, ...]
    size: int
    format: Format | None = None
    kernel: tuple[tuple[float, ...], ...] = ()
    bias: tuple[float, ...] = ()

    def weights(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Kernel, float64 [inputs, size], and bias, float64 [size]."""
        return np.array(self.kernel), np.array(self.bias)


@dataclass(frozen=True, slots=True)
class Graph:
    """A network: its operations in an order in which they can be computed, and which results it gives.

    Attributes:
        operations: inputs first: ``features``, ``state``.
        outputs: the names of the logits and of the state after the frame.
    """

    operations: tuple[Operation, ...]
    outputs: tuple[str, str]

    def __getitem__(self, name: str) -> Operation:
        return next(operation for operation in self.operations if operation.name == name)

    @property
    def state_size(self) -> int:
        """Numbers of the state."""
        return self["state"].size

    @property
    def version(self) -> str:
        """Names the weights."""
        return f"beats-fpga-{self.digest[:8]}"

    @property
    def digest(self) -> str:
        """SHA-256 of the network, hexadecimal."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """The network as text, always the same for the same network."""
        return json.dumps(asdict(self), indent=None, separators=(",", ":"), sort_keys=True)

    @classmethod
    def read(cls, path: Path) -> Graph:
        """The network of a file.

        Raises:
            ValueError: the file holds no network.
        """
        try:
            held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(tuple(_operation(item) for item in held["operations"]), (held["outputs"][0], held["outputs"][1]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not hold a network of `continuo fpga convert`.") from error


def _operation(item: dict[str, Any]) -> Operation:
    return Operation(
        item["name"],
        item["kind"],
        tuple(item["inputs"]),
        item["size"],
        None if item["format"] is None else Format(**item["format"]),
        tuple(tuple(row) for row in item["kernel"]),
        tuple(item["bias"]),
    )


def sizes(operations: Sequence[Operation]) -> dict[str, int]:
    """How many weights each dense layer has that are not nought."""
    return {op.name: int(np.count_nonzero(op.weights()[0])) for op in operations if op.kind == "dense"}
