"""What is shipped belongs together."""

from __future__ import annotations

import json

import pytest

from fpga.conversion.from_qkeras import INPUTS
from fpga.design import design_of
from fpga.engines.build import package_folder
from fpga.engines.engine import EngineError
from fpga.engines.hls_engine import HlsEngine
from fpga.engines.shipped import FOLDER, HLS, REPORTS, shipped_graph
from fpga.graph import Graph
from processors.beats.features import FEATURES


def test_the_network_reads_the_features_of_frames() -> None:
    graph = shipped_graph()
    assert graph["features"].size == FEATURES
    assert {name: graph[name].format for name in INPUTS} == INPUTS


def test_a_network_is_read_as_it_was_written() -> None:
    graph = shipped_graph()
    assert graph.to_json() == (FOLDER / "network.json").read_text(encoding="utf-8")


def test_reports_belong_to_the_shipped_network() -> None:
    for path in REPORTS.glob("*.json"):
        report = json.loads(path.read_text(encoding="utf-8"))
        assert report["digest"] == shipped_graph().digest, f"{path.name} is of another network: make it again."


def test_the_logic_is_made_without_multiplying_by_constants() -> None:
    verilog = design_of(shipped_graph()).verilog
    multiplied = sum(text.count("multiplier #") for text in verilog.files.values())
    assert multiplied <= shipped_graph().state_size  # only what two signals multiply: a gate for each unit


def test_a_file_that_holds_no_network_is_refused(tmp_path: pytest.TempPathFactory) -> None:
    path = FOLDER / "network.onnx"
    with pytest.raises(ValueError, match="does not hold a network"):
        Graph.read(path)


def test_a_project_of_another_network_is_refused() -> None:
    graph = shipped_graph()
    other = Graph(graph.operations[:-1], graph.outputs)
    with pytest.raises(EngineError, match="belongs to another network"):
        HlsEngine(other, HLS)


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(EngineError, match="no_such_package is missing"):
        package_folder("no_such_package")
