"""The network as distributed arithmetic: da4ml turns constant products into few additions, without a multiplier.

After Sun et al., "da4ml: Distributed Arithmetic for Real-time Neural Networks on FPGAs", 2025. What two signals
multiply (the gate) is a small array of adders.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from da4ml.cmvm import solver_options_t
from da4ml.trace import FixedVariableArray, HWConfig, comb_trace
from numpy.typing import NDArray

from fpga.formats import Format
from fpga.graph import Graph, Operation

HARDWARE = HWConfig(1, -1, -1)
SOLVER = solver_options_t(hard_dc=0)
"""Sums as shallow as they can be: latency matters more than the twentieth of the gates that it costs."""


def trace(graph: Graph, every_layer: bool = False) -> Any:
    """da4ml's logic of one step: features and state in, logits and state out, or the results of all layers.

    Returns:
        ``da4ml.types.CombLogic``; its inputs and outputs are the vectors one after the other.
    """
    results: dict[str, Any] = {}
    for operation in graph.operations:
        results[operation.name] = _result(operation, [results[name] for name in operation.inputs])
    inputs = [results[operation.name] for operation in graph.operations if operation.kind == "input"]
    names = [op.name for op in graph.operations] if every_layer else list(graph.outputs)
    outputs = [results[name] for name in names]
    return comb_trace(np.concatenate(inputs), np.concatenate(outputs), keep_dead_inputs=True)


def layers_of(graph: Graph, logic: Any, values: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
    """What the logic of ``trace(graph, every_layer=True)`` computes in every layer.

    Args:
        values: float32 [frames, features and state], in values.

    Returns:
        float64 [frames, size] by layer.
    """
    told = logic.predict(values.astype(np.float64))
    ends = np.cumsum([operation.size for operation in graph.operations])
    return {op.name: told[:, end - op.size : end] for op, end in zip(graph.operations, ends, strict=True)}


def _result(operation: Operation, inputs: list[Any]) -> Any:
    if operation.kind == "input":
        assert operation.format is not None
        return _input(operation.format, operation.size)
    if operation.kind == "dense":
        kernel, bias = operation.weights()
        return inputs[0] @ kernel + bias
    if operation.kind == "round":
        assert operation.format is not None
        return _rounded(inputs[0], operation.format)
    if operation.kind == "join":
        return np.concatenate(inputs)
    if operation.kind == "add":
        return inputs[0] + inputs[1]
    if operation.kind == "subtract":
        return inputs[0] - inputs[1]
    return inputs[0] * inputs[1]


def _rounded(values: Any, form: Format) -> Any:
    """To the nearest step, halves to the even code, saturated: da4ml itself only knows halves upwards."""
    fraction = form.bits - form.integer - form.signed
    finer = values.kif[2]
    last = 2.0 ** -np.maximum(finer, fraction)
    odd = values.quantize(0, 1 - fraction, fraction, "WRAP", "TRN")  # the bit that decides where halves go
    up = np.where(finer > fraction, 2.0 ** -(fraction + 1) - last, 0.0)
    carry = np.where(finer > fraction, last * 2.0**fraction, 0.0)
    raised = (values + up) + odd * carry  # in this order: da4ml adds ``up`` to a dense layer's biases
    whole = raised.quantize(*raised.kif[:2], np.minimum(raised.kif[2], fraction), "WRAP", "TRN")
    return FixedVariableArray(np.array([_saturated(v, form) for v in whole._vars]), SOLVER, hwconf=HARDWARE)


def _saturated(value: Any, form: Format) -> Any:
    """Within the format's bounds, told by the bits above it: two subtractions less than da4ml's own comparisons."""
    signed, integer, fraction = value.kif
    high = form.most * form.step
    below = value.quantize(0, form.integer, fraction, "WRAP", "TRN")
    if integer <= form.integer:
        top, bottom = below, value
    else:
        above = value.quantize(0, integer, -form.integer, "WRAP", "TRN")
        top = above.unary_bit_op("any").msb_mux(high, below)
        inside = value.quantize(1, form.integer, fraction, "WRAP", "TRN")
        bottom = above.unary_bit_op("all").msb_mux(inside, form.least * form.step)
    if not signed:
        return top
    return value.msb_mux(bottom if form.signed else 0.0, top)


def _input(form: Format, size: int) -> Any:
    fraction = form.bits - form.integer - form.signed
    full = np.full(size, 1)
    bits = full * int(form.signed), full * form.integer, full * fraction
    return FixedVariableArray.from_kif(*bits, HARDWARE, solver_options=SOLVER)
