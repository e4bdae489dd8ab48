"""Draws the plot and prints the table of ``docs/embeddings.md`` from what ``continuo evaluate ablation --json`` says.

python -m ops.evaluate.plot_ablation ablation.json --out docs/images/embeddings-ablation.png
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt


def draw(results: dict[str, Any], out: Path) -> None:
    """Top-1 of each way by clip length, with 95 % intervals; a panel a variant."""
    figure, panels = plt.subplots(1, len(results), figsize=(2.7 * len(results), 3.1), sharey=True, squeeze=False)
    for axes, (variant, lengths) in zip(panels[0], results.items(), strict=True):
        ways = list(next(iter(lengths.values())))
        width = 0.84 / len(ways)
        for number, way in enumerate(ways):
            rows = [row[way]["top1"] for row in lengths.values()]
            spread = [
                [max(row["mean"] - row["low"], 0.0) for row in rows],
                [max(row["high"] - row["mean"], 0.0) for row in rows],
            ]
            places = [index + width * (number - (len(ways) - 1) / 2) for index in range(len(rows))]
            means = [row["mean"] for row in rows]
            axes.bar(places, means, width * 0.92, yerr=spread, label=way, error_kw={"lw": 0.6})
        axes.set_xticks(range(len(lengths)), list(lengths))
        axes.set_title(variant, fontsize=9)
        axes.set_ylim(0, 1.02)
    panels[0][0].set_ylabel("right work first")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=len(labels), fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)
    plt.close(figure)


def table(results: dict[str, Any]) -> str:
    """Markdown: for each variant and way the lengths side by side."""
    names = list(next(iter(results.values())))
    lines = [
        f"| clips of {' / '.join(names)} | | top-1 | top-5 | gain over fingerprints at the shortest (95 %) | ms, p50 |",
        "|---|---|---|---|---|---|",
    ]
    for variant, lengths in results.items():
        for way in next(iter(lengths.values())):
            rows = [row[way] for row in lengths.values()]
            gain = rows[0]["gain"]
            change = "" if way == "fingerprints" else f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})"
            cells = [" / ".join(f"{row[name]['mean']:.3f}" for row in rows) for name in ("top1", "top5")]
            speed = " / ".join(f"{row['cpu_ms']['p50']:.1f}" for row in rows)
            lines.append(f"| {variant} | {way} | {' | '.join(cells)} | {change} | {speed} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ablation", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = json.loads(arguments.ablation.read_text())["results"]
    draw(results, arguments.out)
    print(table(results))


if __name__ == "__main__":
    main()
