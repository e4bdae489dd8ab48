"""Draws where on the chip the stages of the core lie, from the netlist that nextpnr placed.

python -m fpga.chip_plot --placed .cache/fpga/synthesis/NETWORK/placed.json --out docs/images/chip.png
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

LINE = "serial line"
_PLACE = re.compile(r"X(\d+)/Y(\d+)/SLICE([A-D])\.(?:K|FF)(\d)")
_STAGE = re.compile(r"core\.stage(\d+)\.")

Places = dict[str, list[tuple[float, float]]]


def places_of_stages(placed: Path) -> Places:
    """Where the lookup tables and registers of each stage are, in columns and rows of the chip; the line's, too.

    Logic is named after the register that it leads to, so a stage's registers stand for what it computes.
    """
    found: Places = defaultdict(list)
    for module in json.loads(placed.read_text(encoding="utf-8"))["modules"].values():
        for name, cell in module["cells"].items():
            place = _PLACE.match(cell["attributes"].get("NEXTPNR_BEL", ""))
            if place is None:
                continue
            stage = _STAGE.search(name)
            column, row, part, half = place.groups()
            within = (2 * "ABCD".index(part) + int(half)) / 8.0
            found[f"stage {stage[1]}" if stage else LINE].append((int(column) + within, int(row)))
    return found


def draw(places: Places, out: Path) -> None:
    """A point for each cell, a colour for each stage."""
    figure, plot = plt.subplots(figsize=(8.0, 5.5))
    stages = sorted(places, key=lambda name: (name == LINE, name))
    colors = plt.get_cmap("turbo")
    for number, name in enumerate(stages):
        columns, rows = zip(*places[name], strict=True)
        color = "#000000" if name == LINE else colors(number / max(1, len(stages) - 1))
        plot.scatter(columns, rows, s=1.5, color=color, label=f"{name} ({len(rows):,})", linewidths=0)
    plot.invert_yaxis()
    plot.set_aspect("equal")
    plot.set_xlabel("column of the chip")
    plot.set_ylabel("row")
    plot.legend(markerscale=12.0, loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False, title="cells")
    figure.savefig(out, dpi=120, bbox_inches="tight")


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--placed", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    draw(places_of_stages(chosen.placed), chosen.out)


if __name__ == "__main__":
    main()
