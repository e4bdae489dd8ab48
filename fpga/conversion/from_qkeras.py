"""Reads a QKeras model into a graph, and refuses what the other targets could not do bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from fpga.formats import FEATURE, STATE, Format
from fpga.graph import Graph, Kind, Operation

MERGES: dict[str, Kind] = {"Concatenate": "join", "Add": "add", "Subtract": "subtract", "Multiply": "multiply"}
INPUTS = {"features": FEATURE, "state": STATE}


class UnsupportedLayerError(ValueError):
    """A layer cannot be converted bit by bit; the message names it."""


def graph_of(model: Any) -> Graph:
    """The graph of a functional QKeras model with the inputs ``features`` and ``state`` and two outputs.

    Raises:
        UnsupportedLayerError: a layer is of a kind that has no exact counterpart, or not quantised.
    """
    operations = [_operation(layer) for layer in model.layers]
    outputs = [tensor.node.layer.name for tensor in model.outputs]
    return Graph(tuple(operations), (outputs[0], outputs[1]))


def _operation(layer: Any) -> Operation:
    kind = type(layer).__name__
    name = str(layer.name)
    read = layer.input if isinstance(layer.input, list) else [layer.input]
    inputs = () if kind == "InputLayer" else tuple(str(tensor.node.layer.name) for tensor in read)
    size = int(layer.output.shape[-1])
    if kind == "InputLayer" and name in INPUTS:
        return Operation(name, "input", inputs, size, INPUTS[name])
    if kind == "QDense":
        return _dense(layer, name, inputs, size)
    if kind == "QActivation":
        return Operation(name, "round", inputs, size, _format(layer.quantizer, name))
    if kind in MERGES:
        return Operation(name, MERGES[kind], inputs, size)
    raise UnsupportedLayerError(
        f"Layer {name!r} is a {kind}: hls4ml and da4ml would drop it or compute it otherwise. Write the network out of "
        "QDense, QActivation, Concatenate, Add, Subtract and Multiply."
    )


def _dense(layer: Any, name: str, inputs: tuple[str, ...], size: int) -> Operation:
    if layer.activation is not None and getattr(layer.activation, "__name__", "") != "linear":
        raise UnsupportedLayerError(f"Layer {name!r} has an activation of its own; put a QActivation behind it.")
    if layer.kernel_quantizer is None or (layer.use_bias and layer.bias_quantizer is None):
        raise UnsupportedLayerError(f"Layer {name!r} has weights that are not quantised; give it quantizers.")
    _format(layer.kernel_quantizer_internal, name)
    kernel = np.asarray(layer.kernel_quantizer_internal(layer.kernel), np.float64)
    bias = np.asarray(layer.bias_quantizer_internal(layer.bias), np.float64) if layer.use_bias else np.zeros(size)
    rows = tuple(tuple(float(weight) for weight in row) for row in kernel)
    return Operation(name, "dense", inputs, size, None, rows, tuple(float(value) for value in bias))


def _format(quantizer: Any, name: str) -> Format:
    kind = type(quantizer).__name__
    known = quantizer.get_config()
    if kind == "quantized_bits" and known.get("keep_negative", True) and not known.get("symmetric"):
        plain = known.get("alpha") in (1, 1.0)
        form = Format(int(known["bits"]), int(known["integer"]))
    elif kind == "quantized_relu" and not known.get("use_sigmoid") and not known.get("negative_slope"):
        plain = bool(known.get("is_quantized_clip", True))
        form = Format(int(known["bits"]), int(known["integer"]), signed=False)
    else:
        plain, form = False, Format(1, 0)
    if not plain or known.get("use_stochastic_rounding"):
        raise UnsupportedLayerError(
            f"Layer {name!r} is quantised by {quantizer}: only quantized_bits with alpha=1, and quantized_relu, are "
            "rounded alike by all targets."
        )
    return form
