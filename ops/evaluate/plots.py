"""Draws the plots and prints the tables of ``docs/recognition.md`` from what ``continuo evaluate ... --json`` printed.

python -m ops.evaluate.plots --identify identify.json --unknown unknown.json --live live.json --out docs/images
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt


def draw_accuracy(results: dict[str, Any], out: Path) -> None:
    """Top-1 by variant and clip length, with 95 % intervals."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    lengths = list(next(iter(results.values())))
    width = 0.8 / len(lengths)
    for number, length in enumerate(lengths):
        rows = [results[variant][length]["top1"] for variant in results]
        means = [row["mean"] for row in rows]
        spread = [
            [max(row["mean"] - row["low"], 0.0) for row in rows],
            [max(row["high"] - row["mean"], 0.0) for row in rows],
        ]
        places = [index + width * (number - (len(lengths) - 1) / 2) for index in range(len(rows))]
        axes.bar(places, means, width * 0.92, yerr=spread, label=length, error_kw={"lw": 0.8})
    axes.set_xticks(range(len(results)), list(results))
    axes.set_ylim(0.5, 1.005)
    axes.set_ylabel("right work first")
    axes.legend(title="clip", ncols=len(lengths), fontsize=8)
    _save(figure, out / "recognition-accuracy.png")


def draw_calibration(results: dict[str, Any], out: Path) -> None:
    """How often answers are right by how sure they were, known and unknown works together."""
    figure, axes = plt.subplots(figsize=(3.6, 3.4))
    axes.plot([0, 1], [0, 1], lw=0.8, color="grey")
    for variant, row in results.items():
        bins = row["calibration"]["bins"]
        said = [entry["confidence"] for entry in bins]
        true = [entry["right"] for entry in bins]
        axes.plot(said, true, "o-", ms=4, label=f"{variant} (error {row['calibration']['error']:.3f})")
    axes.set_xlabel("confidence")
    axes.set_ylabel("right")
    axes.legend(fontsize=7)
    _save(figure, out / "recognition-calibration.png")


def draw_live(results: dict[str, Any], out: Path) -> None:
    """How many players are recognised after so many notes."""
    figure, axes = plt.subplots(figsize=(4.2, 3.2))
    rows = results["right_after_notes"]
    counts = [int(count) for count in rows]
    axes.plot(counts, [row["mean"] for row in rows.values()], "o-", ms=4)
    axes.fill_between(counts, [row["low"] for row in rows.values()], [row["high"] for row in rows.values()], alpha=0.2)
    axes.set_xlabel("notes since the first")
    axes.set_ylabel("right answer")
    axes.set_ylim(0, 1.02)
    _save(figure, out / "recognition-live.png")


def accuracy_table(results: dict[str, Any]) -> str:
    """Markdown: for each variant the lengths side by side."""
    lengths = list(next(iter(results.values())))
    head = f"| clips of {' / '.join(lengths)} | top-1 | top-5 | place strict | or a repeat | p50, p99 of processor ms |"
    lines = [head, "|---|---|---|---|---|---|"]
    for variant, rows in results.items():
        cells = [
            " / ".join(f"{rows[length][name]['mean']:.3f}" for length in lengths)
            for name in ("top1", "top5", "place_strict", "place")
        ]
        speed = " / ".join(
            f"{rows[length]['cpu_ms']['p50']:.1f}, {rows[length]['cpu_ms']['p99']:.0f}" for length in lengths
        )
        lines.append(f"| {variant} | {' | '.join(cells)} | {speed} |")
    return "\n".join(lines)


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("identify", "unknown", "live"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    drawings = ((arguments.identify, draw_accuracy), (arguments.unknown, draw_calibration), (arguments.live, draw_live))
    for source, draw in drawings:
        if source is not None:
            draw(json.loads(source.read_text())["results"], arguments.out)
    if arguments.identify is not None:
        print(accuracy_table(json.loads(arguments.identify.read_text())["results"]))


if __name__ == "__main__":
    main()
