"""Frames of real performances, as codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fpga.engines.engine import Codes, feature_codes
from processors.beats.frames import frames_of
from processors.midi import read_midi


def performances(folder: Path) -> Iterator[Codes]:
    """The frames of each MIDI file under a folder, int8 [frames, FEATURES], in the order of their paths."""
    for path in sorted(folder.rglob("*.mid")):
        codes = feature_codes(frames_of(read_midi(path.read_bytes()))[1])
        if len(codes):
            yield codes


def side_by_side(pieces: Iterator[Codes], lanes: int, frames: int) -> tuple[Codes, np.ndarray]:
    """Performances one after the other in some lanes.

    Returns:
        int8 [steps, lanes, FEATURES] with at least ``frames`` frames; bool [steps, lanes], where one begins.

    Raises:
        ValueError: there is not enough music.
    """
    steps = -(-frames // lanes)
    played: list[tuple[Codes, np.ndarray]] = []
    for _ in range(lanes):
        held: list[Codes] = []
        while sum(map(len, held)) < steps:
            piece = next(pieces, None)
            if piece is None:
                raise ValueError(f"There are fewer than {frames} frames of music.")
            held.append(piece)
        starts = np.zeros(sum(map(len, held)), np.bool_)
        starts[np.cumsum([0, *map(len, held[:-1])])] = True
        played.append((np.concatenate(held)[:steps], starts[:steps]))
    return np.stack([codes for codes, _ in played], 1), np.stack([starts for _, starts in played], 1)
