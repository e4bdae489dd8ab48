"""The netlist between yosys and nextpnr: carry chains are cut loose at their ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

LOOSE = ["x"]


def cut_chains_loose(netlist: Path, out: Path) -> None:
    """Rewrite a netlist of yosys, in its JSON, so that nextpnr adds no cells at the ends of carry chains.

    It adds one before each chain with a carry in, though a known carry is made within the chain's first half
    (``board/ecp5/carry_map.v``), and one behind each chain with a carry out, though nobody reads it: four LUTs a chain.
    """
    design: dict[str, Any] = json.loads(netlist.read_text(encoding="utf-8"))
    for module in design["modules"].values():
        cells = module["cells"].values()
        read = {bit for cell in cells for bit in _inputs(cell)}
        for cell in cells:
            if cell["type"] != "CCU2C":
                continue
            wires = cell["connections"]
            if isinstance(wires["CIN"][0], str) and not int(cell["parameters"]["INIT0"][:4], 2):
                wires["CIN"] = LOOSE  # no carry passes the first half
            if wires["COUT"][0] not in read:
                wires["COUT"] = LOOSE
    out.write_text(json.dumps(design), encoding="utf-8")


def _inputs(cell: dict[str, Any]) -> list[Any]:
    ways = cell["port_directions"]
    return [bit for port, bits in cell["connections"].items() if ways[port] == "input" for bit in bits]
