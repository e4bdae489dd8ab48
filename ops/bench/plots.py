"""Draws the plots of ``docs/benchmarks.md`` from what ``continuo bench ... --json`` printed.

python -m ops.bench.plots --latency latency.json --throughput throughput.json --out docs/images
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

AIMS_MS = {"clip": {"p50_ms": 10, "p99_ms": 60}, "disturbed_clip": {}, "live": {"p99_ms": 50}}
TITLES = {"clip": "clips, as written", "disturbed_clip": "clips, disturbed", "live": "live notes"}
QUANTILES = ("p50_ms", "p90_ms", "p99_ms")


def draw_latency(results: dict[str, Any], out: Path) -> None:
    """Quantiles from publishing to the answer, the identification's share of them, and the aims."""
    figure, axes = plt.subplots(1, 3, figsize=(9.0, 3.0), sharey=True)
    for plot, kind in zip(axes, TITLES, strict=True):
        whole, computing = results[kind], results[kind]["compute"]
        places = range(len(QUANTILES))
        plot.bar(places, [whole[name] for name in QUANTILES], color="#9ecae1", label="publish to answer")
        plot.bar(places, [computing[name] for name in QUANTILES], width=0.4, color="#3182bd", label="identification")
        for place, name in enumerate(QUANTILES):
            if name in AIMS_MS[kind]:
                aim = AIMS_MS[kind][name]
                plot.hlines(aim, place - 0.45, place + 0.45, colors="#de2d26", label="aim" if place else None)
        plot.set_xticks(places, [name.removesuffix("_ms") for name in QUANTILES])
        plot.set_title(TITLES[kind])
    axes[0].set_ylabel("milliseconds")
    axes[1].legend(*axes[0].get_legend_handles_labels(), loc="upper left")
    figure.tight_layout()
    figure.savefig(out / "latency.svg")


def draw_throughput(results: dict[str, Any], out: Path) -> None:
    """Clips a second, direct and streamed, round by round."""
    figure, plot = plt.subplots(figsize=(5.0, 3.0))
    rounds = results["rounds"]
    for shift, name, color in ((-0.2, "direct_per_s", "#bdbdbd"), (0.2, "streamed_per_s", "#3182bd")):
        plot.bar([place + shift for place in range(len(rounds))], [row[name] for row in rounds], 0.4, color=color)
    plot.legend(["same calls in one process", "through Kafka and Faust"])
    plot.set_xticks(range(len(rounds)), [f"round {number + 1}" for number in range(len(rounds))])
    plot.set_ylabel("clips a second")
    plot.set_title(f"streamed / direct: {results['ratio']:.2f}")
    figure.tight_layout()
    figure.savefig(out / "throughput.svg")


def main() -> None:
    """Draw what is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=Path)
    parser.add_argument("--throughput", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.latency:
        draw_latency(json.loads(chosen.latency.read_text()), chosen.out)
    if chosen.throughput:
        draw_throughput(json.loads(chosen.throughput.read_text()), chosen.out)


if __name__ == "__main__":
    main()
