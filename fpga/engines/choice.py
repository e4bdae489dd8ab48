"""The engine that settings or a command name."""

from __future__ import annotations

import time

from connectors.settings import FpgaSettings
from fpga.graph import Graph
from schemas.rhythm import Engine as EngineName

from .engine import Engine, EngineError
from .failover import FailoverEngine


def engine_of(name: EngineName, graph: Graph, settings: FpgaSettings) -> Engine:
    """The engine, ready; a board with the CPU to stand in for it.

    Raises:
        EngineError: it cannot be built or reached, or no board is set.
    """
    if name == "hls4ml":
        from .hls_engine import HlsEngine

        return HlsEngine(graph)
    if name == "rtl":
        from .rtl_engine import RtlEngine

        return RtlEngine(graph)
    from .onnx_engine import OnnxEngine

    return OnnxEngine(graph) if name == "onnx" else _board(graph, OnnxEngine(graph), settings)


def _board(graph: Graph, stand_in: Engine, settings: FpgaSettings) -> FailoverEngine:
    from fpga.board.driver import BoardEngine, LineSettings

    if settings.board_url is None:
        raise EngineError("No board is set. Name its line in the setting fpga.board_url, such as /dev/ttyUSB0.")
    line = LineSettings(
        settings.board_url,
        settings.board_baud,
        settings.board_timeout_s,
        settings.board_tries,
        settings.board_window,
    )
    return FailoverEngine(lambda: BoardEngine(graph, line), stand_in, settings.board_retry_s, time.monotonic)
