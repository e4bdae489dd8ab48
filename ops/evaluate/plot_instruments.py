"""Draws ``docs/instruments.svg`` and prints its table from what ``continuo evaluate instruments --json`` printed.

python -m ops.evaluate.plot_instruments --results instruments.json --log RUN/log.jsonl --out docs/instruments.svg
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

AIM = 0.88


def draw(results: dict[str, Any], log: list[dict[str, Any]], out: Path) -> None:
    """Average precision of each label, calibration, and validation while training."""
    figure, (bars, curve, course) = plt.subplots(1, 3, figsize=(12, 4.2), width_ratios=(2.2, 1, 1))
    rows = sorted(results["rendered"]["ap"].items(), key=lambda row: row[1]["ap"])
    bars.barh([label for label, _ in rows], [row["ap"] for _, row in rows], color="#4c78a8")
    bars.axvline(results["rendered"]["map"], color="black", lw=1, label=f"mean {results['rendered']['map']:.3f}")
    bars.axvline(AIM, color="grey", lw=1, ls="--", label=f"aim {AIM}")
    bars.set_xlabel("average precision, SoundFonts never trained on")
    bars.tick_params(axis="y", labelsize=7)
    bars.set_xlim(0, 1)
    bars.legend(fontsize=7, loc="lower right")
    calibration = results["rendered"]["calibration"]
    curve.plot([0, 1], [0, 1], color="grey", lw=0.8)
    told = [row["told"] for row in calibration["bins"]]
    curve.plot(told, [row["heard"] for row in calibration["bins"]], "o-", ms=4)
    curve.set_xlabel("probability told")
    curve.set_ylabel("heard")
    curve.set_title(f"error {calibration['error']:.3f}", fontsize=8)
    course.plot([row["steps"] for row in log], [row["valid_map"] for row in log], "o-", ms=3)
    course.set_xlabel("steps of training")
    course.set_ylabel("mAP, held-out stems, spoiled")
    figure.tight_layout()
    figure.savefig(out)


def recordings_table(results: dict[str, Any]) -> str:
    """Markdown: real recordings by label."""
    lines = ["| label | recordings | right first | in the first three |", "|---|---|---|---|"]
    for label, row in results["recordings"]["by_label"].items():
        lines.append(f"| {label} | {row['count']} | {row['first']} | {row['three']} |")
    return "\n".join(lines)


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = json.loads(arguments.results.read_text())
    draw(results, [json.loads(line) for line in arguments.log.read_text().splitlines()], arguments.out)
    if "recordings" in results:
        print(recordings_table(results))


if __name__ == "__main__":
    main()
