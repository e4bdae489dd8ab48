"""The network that comes with the project."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fpga.graph import Graph

FOLDER = Path(__file__).parents[1] / "shipped"
GRAPH = FOLDER / "network.json"
ONNX = FOLDER / "network.onnx"
HLS = FOLDER / "hls"
REPORTS = FOLDER / "reports"


@cache
def shipped_graph() -> Graph:
    """The network's operations and weights."""
    return Graph.read(GRAPH)
