"""Draws the plots of the documentation from what ``continuo bench ... --json`` printed.

python -m ops.bench.plots --latency latency.json --throughput throughput.json --growth growth.json --out docs/images
python -m ops.bench.plots --fpga fpga.json --out docs/images
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
GROWTH_AIM_MS = 10.0
TITLES = {"clip": "clips, as written", "disturbed_clip": "clips, disturbed", "live": "live notes"}
ENGINES = {
    "keras": "Keras, predict",
    "tf_function": "TensorFlow, tf.function",
    "cpu_agent": "the CPU agent's network, whole",
    "onnx": "ONNX Runtime",
    "hls4ml": "hls4ml's C++",
}
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


def draw_growth(results: dict[str, Any], out: Path) -> None:
    """Query time, accuracy, build time and memory against the number of works."""
    rows = results["sizes"]
    works = [row["works"] for row in rows]
    figure, axes = plt.subplots(1, 4, figsize=(11.0, 2.8))
    query, accuracy, building, memory = axes
    for name, color in (("p50", "#3182bd"), ("p99", "#9ecae1")):
        query.plot(works, [row["cpu_ms"][name] for row in rows], "o-", color=color, label=name)
    query.axhline(GROWTH_AIM_MS, color="#de2d26", linewidth=1, label="aim for p50")
    query.set_yscale("log")
    query.set_title("milliseconds a query")
    query.legend()
    middle = [row["top1"]["mean"] for row in rows]
    below = [row["top1"]["mean"] - row["top1"]["low"] for row in rows]
    above = [row["top1"]["high"] - row["top1"]["mean"] for row in rows]
    accuracy.errorbar(works, middle, [below, above], fmt="o-", color="#3182bd", capsize=3)
    accuracy.set_ylim(0.95, 1.002)
    accuracy.set_title("top-1")
    building.plot(works, [row["build_s"] for row in rows], "o-", color="#3182bd")
    building.set_yscale("log")
    building.set_title("seconds to build")
    memory.plot(works, [row["index_mib"] for row in rows], "o-", color="#9ecae1", label="index on disk")
    memory.plot(works, [row["memory_mib"]["RssFile"] for row in rows], "o-", color="#3182bd", label="mapped and read")
    memory.plot(works, [row["memory_mib"]["RssAnon"] for row in rows], "o-", color="#636363", label="private")
    memory.set_yscale("log")
    memory.set_title("MiB")
    memory.legend()
    for plot in axes:
        plot.set_xscale("log")
        plot.set_xlabel("works")
    figure.tight_layout()
    figure.savefig(out / "growth.svg")


def draw_fpga(results: dict[str, Any], out: Path) -> None:
    """Microseconds a frame by engine, median and p99; where there is a timing report, beside the core and the line."""
    measured = [(label, results["engines_us"][name]) for name, label in ENGINES.items()]
    told = []
    if core := results["core"]:
        told = [("the board: line and core", core["with_serial_line_us"]), ("the core alone", core["latency_ns"] / 1e3)]
    labels = [label for label, _ in measured + told]
    medians = [float(row["p50"]) for _, row in measured] + [value for _, value in told]
    figure, plot = plt.subplots(figsize=(7.0, 3.0))
    plot.barh(labels, medians, color=["#9ecae1"] * len(measured) + ["#3182bd"] * len(told))
    plot.plot([row["p99"] for _, row in measured], range(len(measured)), "|", color="#636363", label="p99")
    for place, value in enumerate(medians):
        plot.text(value, place, f" {value:,.0f}" if value >= 10 else f" {value:.3g}", va="center")
    plot.set_xscale("log")
    plot.set_xlim(right=8.0 * max(medians))
    plot.set_xlabel("microseconds a frame, batch 1" + ("; dark: from the timing report" if told else ""))
    plot.invert_yaxis()
    plot.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(out / "fpga.svg")


def main() -> None:
    """Draw what is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=Path)
    parser.add_argument("--throughput", type=Path)
    parser.add_argument("--growth", type=Path)
    parser.add_argument("--fpga", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.latency:
        draw_latency(json.loads(chosen.latency.read_text()), chosen.out)
    if chosen.throughput:
        draw_throughput(json.loads(chosen.throughput.read_text()), chosen.out)
    if chosen.growth:
        draw_growth(json.loads(chosen.growth.read_text()), chosen.out)
    if chosen.fpga:
        draw_fpga(json.loads(chosen.fpga.read_text()), chosen.out)


if __name__ == "__main__":
    main()
