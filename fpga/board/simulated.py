"""A board that is simulated down to its pins, behind a pseudo-terminal: the same bytes as on a wire."""

from __future__ import annotations

import os
import subprocess
import sys
import tty
from types import TracebackType
from typing import Self

from fpga.design import simulated
from fpga.graph import Graph

STOP_TIMEOUT_S = 5.0


class SimulatedBoard:
    """A process that runs the Verilated board; a context manager.

    Attributes:
        url: of the line that a driver opens; it stays the same when the board is unplugged and plugged in again.

    Raises:
        EngineError: Verilator is missing or refuses the design.
    """

    def __init__(self, graph: Graph) -> None:
        self._library = simulated(graph)
        self._board_end, self._host_end = os.openpty()
        tty.setraw(self._host_end)
        self.url = os.ttyname(self._host_end)
        self._process: subprocess.Popen[bytes] | None = None
        self.plug_in()

    def plug_in(self) -> None:
        """Switch the board on."""
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(self._library), str(self._board_end)], pass_fds=[self._board_end]
        )

    def unplug(self) -> None:
        """Switch it off at once, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
            self._process = None

    def write_noise(self, data: bytes) -> None:
        """Put bytes on the line from the board's end, as a bad contact would."""
        os.write(self._board_end, data)

    def close(self) -> None:
        """Switch it off and let go of the line."""
        self.unplug()
        os.close(self._board_end)
        os.close(self._host_end)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        self.close()


_PROGRAM = "import ctypes, sys; ctypes.CDLL(sys.argv[1]).beat_board(ctypes.c_int32(int(sys.argv[2])))"
