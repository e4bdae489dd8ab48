"""Draws ``docs/search.svg`` from what ``continuo evaluate search --json`` printed.

python -m ops.evaluate.plot_search --results search.json --out docs/search.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

HEIGHT_A_WAY = 0.42


def draw(results: dict[str, Any], out: Path) -> None:
    """Each way to rank as a bar, with the share that only whole answers reach inside it."""
    ways = list(results["ndcg"])[::-1]
    figure, axes = plt.subplots(figsize=(8.5, 1.2 + HEIGHT_A_WAY * len(ways)))
    for name, width, colour in (("graded", 0.75, "#9ecae1"), ("strict", 0.4, "#3182bd")):
        values = [results["ndcg"][way][name] for way in ways]
        axes.barh(ways, values, height=width, color=colour, label={"strict": "whole answers only"}.get(name, name))
    for place, way in enumerate(ways):
        axes.text(results["ndcg"][way]["graded"] + 0.005, place, f"{results['ndcg'][way]['graded']:.3f}", va="center")
    axes.axvline(2 * results["ndcg"]["BM25 over metadata"]["graded"], color="#de2d26", label="aim: twice BM25")
    axes.set_xlabel(f"nDCG@10, {results['queries']} queries over {results['works']:,} works")
    axes.set_xlim(right=0.6)
    axes.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(out)


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    draw(json.loads(arguments.results.read_text("utf-8")), arguments.out)


if __name__ == "__main__":
    main()
