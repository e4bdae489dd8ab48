"""The design of a network: all its Verilog, and what a simulation of it is built from."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fpga.conversion.logic import trace
from fpga.conversion.verilog import Verilog, write_verilog
from fpga.engines.build import built, native, package_folder, run
from fpga.graph import Graph

STAGE_NS = 14.0
"""How long a pipeline stage may take, by ``conversion.timing``. More stages cost registers, and time in each."""
VERILATOR = "Install Debian's package `verilator` (5.006 or later)."
BOARD = Path(__file__).parent / "board" / "verilog"
DIGEST_BYTES = 8
TABLES = "lookup_table.v"
"""Of da4ml's library; no design here has tables, and yosys would look for their contents."""
HINTS = re.compile(r"/\*\s*verilator.*?\*/|//\s*verilator.*")


@dataclass(frozen=True, slots=True)
class Design:
    """Sources of a network's core and board.

    Attributes:
        graph: the network.
        verilog: of the core.
    """

    graph: Graph
    verilog: Verilog

    def sources(self, clocks_per_bit: int = 4) -> dict[str, str]:
        """Text by file name: core, board, the library of adders, and the sizes for Verilog and C++."""
        files = dict(self.verilog.files)
        library = package_folder("da4ml") / "codegen" / "rtl" / "verilog" / "source"
        # without its hints to Verilator, some of which older ones do not know
        files |= {
            p.name: HINTS.sub("", p.read_text(encoding="utf-8"))
            for p in sorted(library.glob("*.v"))
            if p.name != TABLES
        }
        files |= {path.name: path.read_text(encoding="utf-8") for path in sorted(BOARD.glob("*.v"))}
        sizes = {
            "STATE_SIZE": self.graph.state_size,
            "FEATURE_SIZE": self.graph["features"].size,
            "CORE_CYCLES": self.verilog.stages,
        }
        vector = f"64'h{int.from_bytes(self.digest, 'little'):016x}"
        bits = self.verilog.stages.bit_length()
        verilog = [f"`define {name} {value}" for name, value in sizes.items()]
        files["beat_sizes.vh"] = "\n".join([*verilog, f"`define CYCLE_BITS {bits}", f"`define NETWORK_DIGEST {vector}"])
        sizes["CLOCKS_PER_BIT"] = clocks_per_bit
        files["beat_sizes.h"] = "\n".join(f"#define {name} {value}" for name, value in sizes.items())
        return files

    @property
    def digest(self) -> bytes:
        """What the board calls its network by."""
        return bytes.fromhex(self.graph.digest)[:DIGEST_BYTES]


@cache
def design_of(graph: Graph) -> Design:
    """The design of a network; the same for the same network."""
    return Design(graph, write_verilog(graph, trace(graph), STAGE_NS))


def simulated(graph: Graph) -> Path:
    """The Verilated design as a library: ``engines/native/design_sim.cpp`` over core and board; made once.

    Raises:
        EngineError: Verilator is missing or refuses the design.
    """
    return built("rtl", design_of(graph).sources() | {"design_sim.cpp": native("design_sim.cpp")}, _verilate, "rtl.so")


def _verilate(folder: Path) -> None:
    options = ["--cc", "--exe", "--build", "-Wno-fatal", "-Wno-lint", "-Mdir", "made", "--top-module", "beat_sim"]
    flags = ["-CFLAGS", f"-fPIC -I{folder}", "-LDFLAGS", "-shared", "-o", "rtl.so"]
    # more than this costs minutes of compile time, less costs the serial line four fifths of its speed
    quick = ["-MAKEFLAGS", "OPT_FAST=-O1", "-MAKEFLAGS", "OPT_SLOW=-O0", "-MAKEFLAGS", "OPT_GLOBAL=-O1"]
    sources = sorted(path.name for path in folder.glob("*.v") if path.name != "beat_board.v")
    run(["verilator", *options, *flags, *quick, *sources, "design_sim.cpp"], folder, VERILATOR)
    shutil.move(folder / "made" / "rtl.so", folder / "rtl.so")
    shutil.rmtree(folder / "made")
