"""The quantised network in ONNX Runtime: numbers with few bits, so that 32-bit floats hold every sum exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from fpga.formats import FEATURE, LOGIT, STATE
from fpga.graph import Graph
from schemas.rhythm import Engine as EngineName

from .engine import Codes, EngineError, Logits, States
from .shipped import ONNX


class OnnxEngine:
    """See ``Engine``; needs neither compiler nor simulator, so it stands in when a board is away.

    Raises:
        EngineError: the model is another network's.
    """

    name: EngineName = "onnx"

    def __init__(self, graph: Graph, model: Path = ONNX) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])
        made_of = self._session.get_modelmeta().custom_metadata_map.get("network")
        if made_of != graph.digest:
            raise EngineError(f"{model} belongs to another network than {graph.version}: convert that network again.")
        self.version = graph.version
        self.state_size = graph.state_size

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each source; see ``Engine``."""
        logits, after = self._session.run(None, {"features": FEATURE.values(codes), "state": STATE.values(states)})
        return np.rint(logits / LOGIT.step).astype(np.int16), np.rint(after / STATE.step).astype(np.int16)

    def close(self) -> None:
        """Nothing is held."""
