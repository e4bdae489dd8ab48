"""The shipped network before it was rounded: what quantising costs is measured against it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fpga.graph import Graph, Operation
from schemas.rhythm import Engine


class FloatNetwork:
    """Takes the place of ``processors.beats.BeatNetwork``: the graph's operations in float, bounded but not rounded.

    Args:
        graph: the quantised network.
        trained: the folder of its training, which holds the weights before rounding.

    Raises:
        ValueError: the folder holds no weights of such a network.
    """

    engine: Engine = "onnx"

    def __init__(self, graph: Graph, trained: Path) -> None:
        self._graph = graph
        try:
            with np.load(trained / "float.npz") as weights:
                self._weights = {name: weights[name] for name in weights.files}
            for operation in graph.operations:
                if operation.kind == "dense":
                    assert self._weights[f"{operation.name}/kernel"].shape == operation.weights()[0].shape
        except (OSError, KeyError, AssertionError) as error:
            raise ValueError(f"{trained} holds no float weights of {graph.version}.") from error
        self.version = f"{graph.version}-float"

    def initial_state(self, sources: int = 1) -> NDArray[np.float32]:
        """The states before the first frame, float32 [sources, state_size]."""
        return np.zeros((sources, self._graph.state_size), np.float32)

    def step(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See ``processors.beats.StepNetwork``."""
        results: dict[str, NDArray[np.float32]] = {"features": features, "state": state}
        for operation in self._graph.operations:
            if operation.kind != "input":
                results[operation.name] = self._result(operation, [results[name] for name in operation.inputs])
        logits, after = (results[name] for name in self._graph.outputs)
        return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32), after

    def _result(self, operation: Operation, inputs: list[Any]) -> Any:
        if operation.kind == "dense":
            return inputs[0] @ self._weights[f"{operation.name}/kernel"] + self._weights[f"{operation.name}/bias"]
        if operation.kind == "round":
            assert operation.format is not None
            least, most = operation.format.least, operation.format.most
            return np.clip(inputs[0], least * operation.format.step, most * operation.format.step)
        if operation.kind == "join":
            return np.concatenate(inputs, 1)
        if operation.kind == "add":
            return inputs[0] + inputs[1]
        return inputs[0] - inputs[1] if operation.kind == "subtract" else inputs[0] * inputs[1]
