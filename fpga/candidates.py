"""Networks that were trained beside each other: what each would need of a chip. Needs the extra ``fpga``."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from fpga.conversion.from_qkeras import graph_of
from fpga.conversion.keras import keras
from fpga.conversion.to_onnx import write_onnx
from fpga.design import design_of
from fpga.engines.network import EngineNetwork
from fpga.engines.onnx_engine import OnnxEngine
from fpga.graph import Graph, sizes


def candidate(trained: Path) -> dict[str, Any]:
    """Shape, weights that are not nought, and the logic by da4ml.

    Args:
        trained: the folder of a training.

    Raises:
        ValueError: the training there is not finished.
    """
    graph = trained_graph(trained)
    verilog = design_of(graph).verilog
    shape = json.loads((trained / "course.json").read_text(encoding="utf-8"))["shape"]
    return {
        "folder": str(trained),
        "network": graph.version,
        **shape,
        "state_size": graph.state_size,
        "weights": sum(sizes(graph.operations).values()),
        "additions": verilog.adders,
        "estimated_luts": round(verilog.cost),
        "stages": verilog.stages,
        "estimated_ns": round(verilog.estimated_ns, 1),
    }


def candidate_network(trained: Path) -> EngineNetwork:
    """A trained network in ONNX Runtime, to be measured before it is converted.

    Raises:
        ValueError: the training there is not finished.
    """
    graph = trained_graph(trained)
    with tempfile.TemporaryDirectory() as folder:
        write_onnx(graph, Path(folder) / "network.onnx")
        return EngineNetwork(OnnxEngine(graph, Path(folder) / "network.onnx"))


def trained_graph(trained: Path) -> Graph:
    """The graph of a trained network.

    Raises:
        ValueError: the training there is not finished.
    """
    keras()
    from fpga.training.train import trained_model

    return graph_of(trained_model(trained))
