"""What is kept of the shipped network."""

from __future__ import annotations

from typing import Any

from fpga.design import design_of
from fpga.engines.shipped import REPORTS, shipped_graph
from fpga.graph import sizes

from .synthesis import read_report


def report() -> dict[str, Any]:
    """Layers, weights, the size of the logic, and the reports that belong to this network."""
    graph = shipped_graph()
    verilog = design_of(graph).verilog
    kept = {path.stem: read_report(path) for path in sorted(REPORTS.glob("*.json"))}
    return {
        "network": graph.version,
        "digest": graph.digest,
        "state_size": graph.state_size,
        "weights": sizes(graph.operations),
        "logic": {
            "additions": verilog.adders,
            "estimated_luts": round(verilog.cost),
            "stages": verilog.stages,
        },
        "reports": {name: held for name, held in kept.items() if held.get("digest") == graph.digest},
    }
