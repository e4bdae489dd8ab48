"""The network's Verilog, simulated by Verilator cycle by cycle."""

from __future__ import annotations

import ctypes

from fpga.design import simulated
from fpga.graph import Graph
from schemas.rhythm import Engine as EngineName

from .engine import Codes, Logits, States
from .library import call, load


class RtlEngine:
    """See ``Engine``.

    Raises:
        EngineError: Verilator is missing or refuses the design.
    """

    name: EngineName = "rtl"

    def __init__(self, graph: Graph) -> None:
        self._library = load(simulated(graph), opened=True)
        self._library.beat_open.restype = ctypes.c_void_p
        self._library.beat_close.argtypes = [ctypes.c_void_p]
        self._design = self._library.beat_open()
        self.version = graph.version
        self.state_size = graph.state_size

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each source; see ``Engine``."""
        return call(self._library.beat_step, (self._design,), codes, states)

    def close(self) -> None:
        """Let go of the simulation."""
        if self._design:
            self._library.beat_close(self._design)
            self._design = None
