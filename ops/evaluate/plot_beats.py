"""Draw causal beats over the piano roll, beside the annotated ones.

python -m ops.evaluate.plot_beats FILE.mid --beats FILE.beats.txt --start 20 --length 20 --out docs/images/beats.png
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from processors.beats import Beat, BeatNetwork
from processors.beats.live import beats_of
from processors.midi import read_midi
from processors.notes import Notes


def draw(notes: Notes, beats: list[Beat], true_s: np.ndarray, start_s: float, length_s: float, title: str) -> Figure:
    """Notes as bars; told beats as lines, downbeats in bold; annotated beats as ticks above."""
    figure, axes = plt.subplots(figsize=(11, 4))
    end_s = start_s + length_s
    shown = (notes.onset_s >= start_s - 5.0) & (notes.onset_s < end_s)
    axes.barh(
        notes.pitch[shown], notes.duration_s[shown], left=notes.onset_s[shown], height=0.9, color="#7a9cc6", linewidth=0
    )
    for beat in beats:
        if start_s <= beat.time_s < end_s:
            colour = "#c0392b" if beat.downbeat else "#e59866"
            axes.axvline(beat.time_s, color=colour, linewidth=1.8 if beat.downbeat else 0.8, zorder=0)
    top = float(notes.pitch[shown].max()) + 3.0
    inside = true_s[(true_s >= start_s) & (true_s < end_s)]
    axes.plot(inside, np.full(len(inside), top), "kv", markersize=4, label="annotated")
    axes.set(xlim=(start_s, end_s), xlabel="seconds", ylabel="MIDI pitch", title=title)
    axes.legend(loc="lower right")
    figure.tight_layout()
    return figure


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--beats", type=Path, required=True, help="annotation; a line a beat that starts with its time")
    parser.add_argument("--start", type=float, default=0.0)
    parser.add_argument("--length", type=float, default=20.0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    notes = read_midi(options.file.read_bytes())
    lines = options.beats.read_text("utf-8").splitlines()
    true_s = np.array([float(line.split()[0]) for line in lines if line.strip()])
    beats = beats_of(notes, BeatNetwork())
    title = f"{options.file.stem}: beats as they were told (bold: downbeats)"
    figure = draw(notes, beats, true_s, options.start, options.length, title)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(options.out, dpi=110)


if __name__ == "__main__":
    main()
