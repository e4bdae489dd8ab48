"""How long one frame of one source takes, engine beside engine in one run, and what the core itself would need."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fpga.board.driver import BoardEngine, LineSettings
from fpga.board.simulated import SimulatedBoard
from fpga.conversion.keras import keras
from fpga.conversion.to_qkeras import qkeras_model
from fpga.engines.engine import Codes, Engine, States
from fpga.engines.hls_engine import HlsEngine
from fpga.engines.onnx_engine import OnnxEngine
from fpga.engines.shipped import REPORTS
from fpga.formats import FEATURE, STATE
from fpga.graph import Graph
from processors.beats import BeatNetwork
from processors.beats.features import FEATURES

from .music import side_by_side
from .synthesis import CLOCKS_PER_BIT, read_report

WARM_UP = 20
SLOW_SHARE = 20
"""Keras and the simulated board get one frame in so many."""


def bench(graph: Graph, music: Iterator[Codes], frames: int) -> dict[str, Any]:
    """Microseconds a frame by engine, batch 1, median and p99; beside them the core by its timing report.

    Raises:
        ValueError: there is not enough music.
        EngineError: an engine cannot be built.
    """
    keras()  # before TensorFlow is imported, which else brings another Keras
    import tensorflow

    codes = side_by_side(music, 1, frames + WARM_UP)[0][:, 0]
    model = qkeras_model(graph)
    compiled = tensorflow.function(model)
    network = BeatNetwork()
    measured = {
        "keras": _timed(lambda code, state: _predict(model, code, state), codes[: frames // SLOW_SHARE], graph),
        "tf_function": _timed(lambda code, state: _call(compiled, code, state), codes, graph),
        "hls4ml": _timed(_step(HlsEngine(graph)), codes, graph),
        "onnx": _timed(_step(OnnxEngine(graph)), codes, graph),
        "cpu_agent": _timed_network(network, codes),
    }
    with SimulatedBoard(graph) as board:
        engine = BoardEngine(graph, LineSettings(board.url, timeout_s=5.0))
        measured["simulated_board"] = _timed(_step(engine), codes[: frames // SLOW_SHARE], graph)
        engine.close()
    return {
        "network": graph.version,
        "frames": frames,
        "engines_us": measured,
        "core": _core(graph, measured["onnx"]["p50"], measured["keras"]["p50"]),
    }


def line_us(graph: Graph, clock_mhz: float) -> float:
    """How long a step's bytes are on the serial line, microseconds; escapes not counted."""
    request, reply = 6 + 2 * graph.state_size + FEATURES, 6 + 2 * graph.state_size + 4
    return (request + reply) * 10 * CLOCKS_PER_BIT / clock_mhz


def _core(graph: Graph, onnx_us: float, keras_us: float) -> dict[str, Any] | None:
    path = REPORTS / "ecp5.json"
    known = read_report(path) if path.exists() else None
    if known is None or known["digest"] != graph.digest:
        return None
    latency_us = known["latency_ns"] / 1e3
    line = line_us(graph, known["clock_mhz"])
    return {
        "cycles": known["cycles"],
        "clock_mhz": known["clock_mhz"],
        "latency_ns": known["latency_ns"],
        "times_faster_than_onnx": round(onnx_us / latency_us, 1),
        "times_faster_than_keras": round(keras_us / latency_us, 1),
        "with_serial_line_us": round(line + latency_us, 1),
    }


def _timed(step: Callable[[Codes, States], States], codes: Codes, graph: Graph) -> dict[str, float]:
    state = np.zeros((1, graph.state_size), np.int16)
    taken_ns = []
    for code in codes:
        began = time.perf_counter_ns()
        state = step(code[None], state)
        taken_ns.append(time.perf_counter_ns() - began)
    return _quantiles(taken_ns)


def _timed_network(network: BeatNetwork, codes: Codes) -> dict[str, float]:
    """The shipped network in float, as the CPU's agent runs it."""
    state, features = network.initial_state(), FEATURE.values(codes)
    taken_ns = []
    for row in features:
        began = time.perf_counter_ns()
        _, state = network.step(row[None], state)
        taken_ns.append(time.perf_counter_ns() - began)
    return _quantiles(taken_ns)


def _quantiles(taken_ns: list[int]) -> dict[str, float]:
    kept = np.array(taken_ns[WARM_UP:] if len(taken_ns) > 2 * WARM_UP else taken_ns) / 1e3
    return {"p50": round(float(np.median(kept)), 2), "p99": round(float(np.quantile(kept, 0.99)), 2)}


def _step(engine: Engine) -> Callable[[Codes, States], States]:
    return lambda code, state: engine.step(code, state)[1]


def _predict(model: Any, code: Codes, state: States) -> States:
    return _codes(model.predict([FEATURE.values(code), STATE.values(state)], verbose=0)[1])


def _call(function: Any, code: Codes, state: States) -> States:
    return _codes(function([FEATURE.values(code), STATE.values(state)])[1].numpy())


def _codes(state: np.ndarray) -> States:
    return np.rint(state / STATE.step).astype(np.int16)
