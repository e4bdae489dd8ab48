"""Writes the network as ONNX, exact: every number is a multiple of a power of two, and no sum has 24 bits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fpga.formats import Format
from fpga.graph import Graph, Operation

OPSET = 17
IR_VERSION = 8


def write_onnx(graph: Graph, path: Path) -> None:
    """Write the model; its metadata name the network."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    for operation in graph.operations:
        _add(operation, nodes, constants)
    inputs = [_value(op.name, op.size) for op in graph.operations if op.kind == "input"]
    outputs = [_value(name, graph[name].size) for name in graph.outputs]
    model = helper.make_model(
        helper.make_graph(nodes, "beat_step", inputs, outputs, constants),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    helper.set_model_props(model, {"network": graph.digest})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _value(name: str, size: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["sources", size])


def _add(operation: Operation, nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto]) -> None:
    name, inputs = operation.name, list(operation.inputs)

    def constant(part: str, value: float | np.ndarray) -> str:
        constants.append(numpy_helper.from_array(np.asarray(value, np.float32), f"{name}/{part}"))
        return f"{name}/{part}"

    def node(kind: str, read: list[str], part: str = "", **options: Any) -> str:
        told = f"{name}/{part}" if part else name
        nodes.append(helper.make_node(kind, read, [told], **options))
        return told

    if operation.kind == "dense":
        kernel, bias = operation.weights()
        node("Gemm", [inputs[0], constant("kernel", kernel), constant("bias", bias)])
    elif operation.kind == "round":
        form = _format(operation)
        scaled = node("Mul", [inputs[0], constant("scale", 1.0 / form.step)], "scaled")
        rounded = node("Round", [scaled], "rounded")  # halves to even
        clipped = node("Clip", [rounded, constant("least", form.least), constant("most", form.most)], "clipped")
        node("Mul", [clipped, constant("step", form.step)])
    elif operation.kind == "join":
        node("Concat", inputs, axis=1)
    elif operation.kind != "input":
        node({"add": "Add", "subtract": "Sub", "multiply": "Mul"}[operation.kind], inputs)


def _format(operation: Operation) -> Format:
    assert operation.format is not None
    return operation.format
