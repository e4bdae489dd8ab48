"""The beat network that a command names: the whole one, or the quantised one on some engine."""

from __future__ import annotations

from pathlib import Path

from processors.beats import BeatNetwork, StepNetwork
from schemas.rhythm import Engine

FLOAT, TRAINED = "float:", "trained:"


class NoEngineError(ValueError):
    """There is no such engine, or it cannot be built here; the message says what to do."""


def beat_network(engine: str) -> StepNetwork:
    """``onnx``: the whole network; ``hls4ml``, ``rtl``: the quantised one; ``float:FOLDER``: that one before rounding;
    ``trained:FOLDER``: another quantised one that is not converted yet.

    Raises:
        NoEngineError: there is no such engine, or it cannot be built here.
    """
    if engine == "onnx":
        return BeatNetwork()
    from connectors.settings import FpgaSettings
    from fpga.engines.choice import engine_of
    from fpga.engines.engine import EngineError
    from fpga.engines.network import EngineNetwork
    from fpga.engines.shipped import shipped_graph
    from fpga.float_network import FloatNetwork

    if engine.startswith(FLOAT):
        try:
            return FloatNetwork(shipped_graph(), Path(engine.removeprefix(FLOAT)))
        except ValueError as error:
            raise NoEngineError(str(error)) from error
    if engine.startswith(TRAINED):
        try:
            from fpga.candidates import candidate_network

            return candidate_network(Path(engine.removeprefix(TRAINED)))
        except ImportError as error:
            raise NoEngineError(f"{error}. This needs the extra: pip install 'continuo[fpga]'.") from error
        except ValueError as error:
            raise NoEngineError(str(error)) from error
    known: dict[str, Engine] = {"hls4ml": "hls4ml", "rtl": "rtl"}
    if engine not in known:
        raise NoEngineError(f"There is no engine {engine!r}; there are onnx, hls4ml and rtl.")
    try:
        return EngineNetwork(engine_of(known[engine], shipped_graph(), FpgaSettings()))
    except EngineError as error:
        raise NoEngineError(str(error)) from error
