"""The QKeras model of a graph: what every other engine is compared with."""

from __future__ import annotations

from typing import Any

import numpy as np

from fpga.formats import Format
from fpga.graph import Graph, Operation

from .keras import keras

WEIGHTS = "quantized_bits(16,7,alpha=1)"
"""Holds all weights of a graph, which are rounded already."""


def qkeras_model(graph: Graph) -> Any:
    """The functional model with the inputs ``features`` and ``state`` and the graph's outputs."""
    tool = keras()
    results: dict[str, Any] = {}
    for operation in graph.operations:
        inputs = [results[name] for name in operation.inputs]
        results[operation.name] = (
            _layer(operation)(inputs if len(inputs) > 1 else inputs[0])
            if inputs
            else (tool.layers.Input((operation.size,), name=operation.name))
        )
    model = tool.Model([results["features"], results["state"]], [results[name] for name in graph.outputs])
    for operation in graph.operations:
        if operation.kind == "dense":
            kernel, bias = operation.weights()
            model.get_layer(operation.name).set_weights([kernel.astype(np.float32), bias.astype(np.float32)])
    return model


def _layer(operation: Operation) -> Any:
    from qkeras import QActivation, QDense

    layers = keras().layers
    if operation.kind == "dense":
        return QDense(operation.size, kernel_quantizer=WEIGHTS, bias_quantizer=WEIGHTS, name=operation.name)
    if operation.kind == "round":
        assert operation.format is not None
        return QActivation(_quantizer(operation.format), name=operation.name)
    kinds = {"join": layers.Concatenate, "add": layers.Add, "subtract": layers.Subtract, "multiply": layers.Multiply}
    return kinds[operation.kind](name=operation.name)


def _quantizer(form: Format) -> str:
    if form.signed:
        return f"quantized_bits({form.bits},{form.integer},alpha=1)"
    return f"quantized_relu({form.bits},{form.integer})"
