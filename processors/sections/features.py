"""What is heard in each step: for the network, and for comparing a step with others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

EARLY_S = 0.06
"""Players start a chord up to so long before its beat."""
BANDS = np.array([0, 36, 48, 55, 60, 65, 70, 75, 80, 128])
"""MIDI pitches between which notes are counted: fine where people sing."""
QUARTERS = 4
SOUNDING = 1
MEAN_LOUDNESS = 2
HEIGHTS = slice(3, 6)
BAND_COUNTS = slice(6, 6 + len(BANDS) - 1)
BAND_LOUDNESS = slice(BAND_COUNTS.stop, BAND_COUNTS.stop + len(BANDS) - 1)
"""Columns of a step's features for the network."""
TIMBRE = 6 + 2 * (len(BANDS) - 1) + QUARTERS
"""Features of a step for the network."""
VECTOR = 12 + 12 + 4 + 4
"""Numbers by which a step is compared: pitch classes, those of the bass, register and rhythm."""
BASS_PITCH = 52
LEAST_VECTOR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class StepFeatures:
    """Attributes:
    heard: float32 [steps, TIMBRE], for the network.
    vector: float32 [steps, VECTOR], of length one, or zero in silence; by its products steps are compared.
    """

    heard: NDArray[np.float32]
    vector: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.heard)


def step_features(notes: Notes, edge_s: NDArray[np.float64]) -> StepFeatures:
    """Describe what starts within each step; how long notes are held is left out, for sound does not tell it.

    Args:
        edge_s: float64 [steps + 1], ascending.
    """
    count = len(edge_s) - 1
    onset = notes.onset_s + EARLY_S
    inside = (onset >= edge_s[0]) & (onset < edge_s[-1])
    onset, pitch = onset[inside], notes.pitch[inside].astype(np.int64)
    loudness = notes.velocity[inside] / 127.0
    step = np.searchsorted(edge_s, onset, side="right") - 1
    into = (onset - edge_s[step]) / np.maximum(np.diff(edge_s)[step], 1e-6)
    quarter = np.minimum((into * QUARTERS).astype(np.int64), QUARTERS - 1)
    band = np.searchsorted(BANDS, pitch, side="right") - 1

    def total(where: NDArray[np.int64], width: int, weight: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        sums = np.bincount(step * width + where, weight, count * width)
        return np.asarray(sums.reshape(count, width), np.float64)

    zero = np.zeros(len(step), np.int64)
    notes_in = total(zero, 1)
    some = np.maximum(notes_in, 1)
    top, low = np.full(count, 0.0), np.full(count, 128.0)
    np.maximum.at(top, step, pitch)
    np.minimum.at(low, step, pitch)
    sounding = notes_in[:, 0] > 0
    bands = total(band, len(BANDS) - 1)
    loud = total(band, len(BANDS) - 1, loudness) / np.maximum(bands, 1)
    heard = np.column_stack(
        [
            np.log1p(notes_in[:, 0]),
            sounding,
            total(zero, 1, loudness)[:, 0] / some[:, 0],
            np.where(sounding, top - 66, 0) / 12,
            np.where(sounding, low - 48, 0) / 12,
            total(zero, 1, pitch - 60.0)[:, 0] / some[:, 0] / 12,
            np.log1p(bands),
            loud,
            np.log1p(total(quarter, QUARTERS)),
        ]
    )
    chroma = _unit(total(pitch % 12, 12, loudness))
    low_pitch = pitch < BASS_PITCH
    bass = _unit(total(pitch % 12, 12, loudness * low_pitch))
    register = _unit(total(np.clip((pitch - 36) // 12, 0, 3), 4))
    rhythm = _unit(total(quarter, QUARTERS))
    vector = _unit(np.column_stack([chroma, 0.7 * bass, 0.5 * register, 0.5 * rhythm]))
    return StepFeatures(heard.astype(np.float32), vector.astype(np.float32))


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), LEAST_VECTOR))
