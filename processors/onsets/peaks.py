"""Peaks of the onset activations, as notes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .constants import FRAME, LOWEST_PITCH, PITCHES, SAMPLE_RATE

REACH = 2
"""A peak is the largest value within so many frames on both sides."""
GHOST_INTERVALS = (12, 19, 24)
"""Semitones from a tone to its second, third and fourth partial: most false onsets lie there."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """Onsets found: frame (float64, between frames by a parabola), pitch (MIDI) and the activation there."""

    frame: NDArray[np.float64]
    pitch: NDArray[np.uint8]
    activation: NDArray[np.float32]

    def before(self, frame: float) -> Peaks:
        """Those that lie before a frame."""
        kept = self.frame < frame
        return Peaks(self.frame[kept], self.pitch[kept], self.activation[kept])

    @property
    def onset_s(self) -> NDArray[np.float64]:
        """Onsets in seconds from frame 0, never below 0."""
        return np.maximum(self.frame, 0.0) * (FRAME / SAMPLE_RATE)


class PeakPicker:
    """Finds peaks in activations that come in pieces; a peak is told ``REACH`` frames after it.

    A peak below ``sure`` is taken for a partial, and dropped, when at the same time the tone whose partial it may be
    has at least its activation.
    """

    def __init__(self, threshold: float, sure: float = 0.5) -> None:
        self.threshold = threshold
        self.sure = sure
        self._kept = np.zeros((2 * REACH, PITCHES), np.float32)
        self._first = -REACH  # the frame number of the first value that can still become a peak

    def add(self, activation: NDArray[np.float32]) -> Peaks:
        """Take in the next frames, shape (frames, PITCHES); the peaks among those now decided."""
        values = np.concatenate((self._kept, activation))
        count = len(values) - 2 * REACH
        middle = values[REACH : REACH + count]
        peak = middle >= self.threshold
        for distance in range(1, REACH + 1):
            # > before and >= after: of two equal values the first is the peak.
            peak &= middle > values[REACH - distance : REACH - distance + count]
            peak &= middle >= values[REACH + distance : REACH + distance + count]
        peak &= (middle >= self.sure) | (middle > _strongest_below(values, count))
        frame, pitch = np.nonzero(peak)
        before, at, after = values[frame + REACH - 1, pitch], middle[frame, pitch], values[frame + REACH + 1, pitch]
        offset = 0.5 * (before - after) / np.minimum(before - 2.0 * at + after, -1e-6)
        found = Peaks(
            np.asarray(self._first + frame + np.clip(offset, -0.5, 0.5), np.float64),
            (pitch + LOWEST_PITCH).astype(np.uint8),
            at,
        )
        self._kept = values[count:]
        self._first += count
        return found

    def finish(self) -> Peaks:
        """The peaks among the last frames."""
        return self.add(np.zeros((REACH, PITCHES), np.float32))


def _strongest_below(values: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """For each pitch the largest activation, within ``REACH`` frames, of the tones that have it as a partial."""
    largest = np.max([values[k : k + count] for k in range(2 * REACH + 1)], axis=0)
    below = np.zeros((count, PITCHES), np.float32)
    for interval in GHOST_INTERVALS:
        np.maximum(below[:, interval:], largest[:, :-interval], out=below[:, interval:])
    return below
