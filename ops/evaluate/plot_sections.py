"""Draws sections over the piano roll, the truth beside them, for ``docs/sections.md``.

python -m ops.evaluate.plot_sections --pop909 DATA/pop909 --songs 010,500 --out docs/images/sections.png
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.patches import Rectangle

from processors.beats import BeatNetwork
from processors.beats.live import beats_of
from processors.midi import read_midi
from processors.sections import LABELS, Section, sections_of
from processors.training.sections.pop909 import melody_of, phrases_of, sections_of_phrases

from .sections import listen

COLOURS = dict(zip(LABELS, ("#9ecae1", "#fdd49e", "#fc8d59", "#b8a9d9", "#a1d99b", "#d9d9d9"), strict=True))
HEIGHT = 7
"""Of a strip, in semitones."""


def draw(folder: Path, numbers: Sequence[str], out: Path) -> None:
    """One picture a song, one below the other."""
    figure, rows = plt.subplots(len(numbers), figsize=(9, 2.7 * len(numbers)), squeeze=False)
    for axes, number in zip(rows[:, 0], numbers, strict=True):
        notes = read_midi((folder / f"{number}.mid").read_bytes())
        truth = sections_of_phrases(phrases_of(folder, number) or [], *melody_of(folder, number))
        heard = listen(notes, np.array([beat.time_s for beat in beats_of(notes, BeatNetwork())]))
        end_s = np.maximum(notes.onset_s + 0.1, notes.onset_s + notes.duration_s)
        axes.hlines(notes.pitch, notes.onset_s, end_s, lw=0.7, color="#444444")
        base = int(notes.pitch.max()) + 3
        for row, (name, sections) in enumerate(
            (("live", heard.sections), ("found", sections_of(notes)), ("annotated", truth))
        ):
            _strip(axes, sections, base + row * (HEIGHT + 2), name)
        axes.set_xlim(0, notes.end_s)
        axes.set_yticks([pitch for pitch in range(0, 128, 12) if notes.pitch.min() <= pitch <= notes.pitch.max()])
        axes.set_ylabel("MIDI pitch")
        axes.set_title(f"song {number}", loc="left", fontsize=9)
    rows[-1, 0].set_xlabel("seconds")
    handles = [Rectangle((0, 0), 1, 1, color=COLOURS[label]) for label in LABELS]
    figure.legend(handles, LABELS, ncols=len(LABELS), loc="upper center", fontsize=8, frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.95))
    figure.savefig(out, dpi=110)


def _strip(axes: Any, sections: Sequence[Section], bottom: float, name: str) -> None:
    for section in sections:
        place = (section.start_s, bottom)
        width = section.end_s - section.start_s
        axes.add_patch(Rectangle(place, width, HEIGHT, fc=COLOURS[section.label], ec="black", lw=0.6))
    right = axes.get_yaxis_transform()
    axes.text(1.005, bottom + HEIGHT / 2, name, ha="left", va="center", fontsize=7, transform=right)
    axes.set_ylim(top=bottom + HEIGHT + 1)


def main() -> None:
    """Draw from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pop909", type=Path, required=True)
    parser.add_argument("--songs", default="010,500")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    draw(args.pop909, args.songs.split(","), args.out)


if __name__ == "__main__":
    main()
