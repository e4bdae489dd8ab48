"""Every engine gives the bits of QKeras: hls4ml's compiled C++, the Verilog in Verilator, the board to its pins."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from connectors.settings import FpgaSettings
from fpga.board.driver import BoardEngine, BoardError, LineSettings
from fpga.board.simulated import SimulatedBoard
from fpga.engines.choice import engine_of
from fpga.engines.engine import Engine
from fpga.engines.failover import FailoverEngine
from fpga.engines.onnx_engine import OnnxEngine
from fpga.engines.shipped import shipped_graph
from schemas.rhythm import Engine as EngineName

from .golden import Golden

TIMEOUT_S = 5.0
"""Of a simulated board, on a machine that does other things too."""


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden.read()


@pytest.fixture(scope="module")
def board() -> Iterator[SimulatedBoard]:
    with SimulatedBoard(shipped_graph()) as board:
        yield board


def line(board: SimulatedBoard, tries: int = 4) -> LineSettings:
    return LineSettings(board.url, timeout_s=TIMEOUT_S, tries=tries)


@pytest.mark.parametrize("name", ["onnx", "hls4ml", "rtl"])
def test_an_engine_gives_the_bits_of_qkeras(name: EngineName, golden: Golden) -> None:
    engine = engine_of(name, shipped_graph(), FpgaSettings())
    logits, after = engine.step(golden.codes, golden.states)
    engine.close()
    assert np.array_equal(logits, golden.logits)
    assert np.array_equal(after, golden.after)


@pytest.mark.parametrize("name", ["onnx", "hls4ml", "rtl"])
def test_an_engine_carries_a_sources_state_over(name: EngineName, golden: Golden) -> None:
    engine = engine_of(name, shipped_graph(), FpgaSettings())
    state = np.zeros((1, engine.state_size), np.int16)
    for frame in range(20):
        assert np.array_equal(state[0], golden.states[frame])
        _, state = engine.step(golden.codes[frame : frame + 1], state)
    engine.close()


def test_the_board_gives_the_bits_of_qkeras_over_its_serial_line(board: SimulatedBoard, golden: Golden) -> None:
    engine = BoardEngine(shipped_graph(), line(board))
    logits, after = engine.step(golden.codes[:40], golden.states[:40])
    engine.close()
    assert np.array_equal(logits, golden.logits[:40])
    assert np.array_equal(after, golden.after[:40])


def test_noise_on_the_line_changes_no_answer(board: SimulatedBoard, golden: Golden) -> None:
    engine = BoardEngine(shipped_graph(), line(board))
    board.write_noise(b"\xc0\x82\x01half an answer\xdb\xc0")
    engine._line.write(b"\x02 half a step \xdb")  # before a whole one: the board must find the next message's start
    logits, _ = engine.step(golden.codes[:4], golden.states[:4])
    engine.close()
    assert np.array_equal(logits, golden.logits[:4])


def test_the_cpu_takes_over_from_a_board_that_is_unplugged_until_it_is_back(
    board: SimulatedBoard, golden: Golden
) -> None:
    now = [0.0]
    graph = shipped_graph()

    def connect() -> Engine:
        return BoardEngine(graph, line(board, tries=1 if now[0] == 0.0 else 4))

    engine = FailoverEngine(connect, OnnxEngine(graph), 5.0, lambda: now[0])
    made_by = []
    for frame in range(3):
        if frame == 1:
            board.unplug()
        if frame == 2:
            board.plug_in()
            now[0] = 6.0
        logits, after = engine.step(golden.codes[frame : frame + 1], golden.states[frame : frame + 1])
        made_by.append(engine.name)
        assert np.array_equal(logits[0], golden.logits[frame])
        assert np.array_equal(after[0], golden.after[frame])
    engine.close()
    assert made_by == ["board", "onnx", "board"]
    assert engine.failovers == 1


def test_nothing_on_the_line_is_said_in_a_sentence() -> None:
    with pytest.raises(BoardError, match="cannot be opened"):
        BoardEngine(shipped_graph(), LineSettings("/dev/there-is-no-such-line"))
