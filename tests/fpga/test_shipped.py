"""What is shipped belongs together."""

from __future__ import annotations

import hashlib

import pytest

from fpga.conversion.from_qkeras import INPUTS
from fpga.design import design_of
from fpga.engines.build import package_folder
from fpga.engines.engine import EngineError
from fpga.engines.hls_engine import HlsEngine
from fpga.engines.shipped import FOLDER, HLS, REPORTS, shipped_graph
from fpga.graph import Graph
from fpga.synthesis import read_report, verilog_digest
from processors.beats.features import FEATURES


def test_the_network_reads_the_features_of_frames() -> None:
    graph = shipped_graph()
    assert graph["features"].size == FEATURES
    assert {name: graph[name].format for name in INPUTS} == INPUTS


def test_a_network_is_read_as_it_was_written() -> None:
    graph = shipped_graph()
    assert graph.to_json() == (FOLDER / "network.json").read_text(encoding="utf-8")


def test_reports_belong_to_the_shipped_network_and_its_design() -> None:
    for path in REPORTS.glob("*.json"):
        report = read_report(path)
        assert report["digest"] == shipped_graph().digest, "The report is of another network: `continuo fpga synth`."
        assert report["verilog"] == verilog_digest(shipped_graph()), "The design changed since: `continuo fpga synth`."


def test_the_bitstream_is_the_one_that_the_report_tells_of() -> None:
    report, bits = read_report(REPORTS / "ecp5.json"), (REPORTS / "ecp5.bit").read_bytes()
    assert hashlib.sha256(bits).hexdigest() == report["bitstream"]


def test_the_board_fits_in_half_of_the_chip_without_multipliers() -> None:
    report = read_report(REPORTS / "ecp5.json")
    assert report["luts"] <= report["luts_of_part"] / 2
    assert report["multipliers"] == 0


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
