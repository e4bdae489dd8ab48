"""Draw the figure of docs/audio.md.

    python -m ops.evaluate.plot_audio --log RUN1/log.jsonl --log RUN2/log.jsonl --results r.json --out docs/audio.svg

``r.json`` is what ``continuo evaluate audio --json`` printed for the conditions base, mp3, noise0 and telephone.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

LENGTHS = ("3 s", "5 s", "10 s")
NAMES = {"base": "room,\n30-10 dB", "mp3": "MP3\n64 kbit/s", "noise0": "0 dB", "telephone": "telephone"}


def draw(logs: list[Path], results: Path, out: Path) -> None:
    """Validation over the training steps, and how often the right work is first."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    _draw_training(left, logs)
    _draw_top1(right, json.loads(results.read_text())["results"])
    figure.savefig(out)


def _draw_training(axes: Any, logs: list[Path]) -> None:
    before = 0
    steps: list[int] = []
    values: dict[str, list[float]] = {"p": [], "r": [], "f": []}
    for log in logs:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        for line in lines[1:]:
            steps.append(before + line["steps"])
            for name, series in values.items():
                series.append(line["valid"]["0.3"][name])
        before += lines[-1]["steps"]
    for name, label in (("p", "precision"), ("r", "recall"), ("f", "F")):
        axes.plot(steps, values[name], marker=".", label=label)
    axes.set(xlabel="training steps", ylim=(0.4, 1.0), title="Held-out works, all instruments, spoiled")
    axes.legend(frameon=False)


def _draw_top1(axes: Any, results: dict[str, Any]) -> None:
    for number, length in enumerate(LENGTHS):
        rows = [results[condition][f"piano {length}"]["top1"] for condition in NAMES]
        means = [row["mean"] for row in rows]
        low, high = [row["mean"] - row["low"] for row in rows], [row["high"] - row["mean"] for row in rows]
        at = [k + 0.27 * (number - 1) for k in range(len(rows))]
        axes.bar(at, means, 0.25, yerr=(low, high), label=length, ecolor="grey")
    axes.set_xticks(range(len(NAMES)), list(NAMES.values()))
    axes.set(ylim=(0.8, 1.0), title="Top-1, test SoundFonts' pianos, ±50 cents")
    axes.legend(frameon=False, loc="lower right")


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", type=Path, action="append", required=True)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    draw(args.log, args.results, args.out)


if __name__ == "__main__":
    main()
