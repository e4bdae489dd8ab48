"""Peak picking on activations made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from processors.onsets.constants import LOWEST_PITCH, PITCHES
from processors.onsets.peaks import PeakPicker, Peaks


def activations(*peaks: tuple[int, int, float]) -> np.ndarray:
    """Triangles of (frame, MIDI pitch, height) in 40 frames of silence."""
    out = np.zeros((40, PITCHES), np.float32)
    for frame, pitch, height in peaks:
        out[frame - 1 : frame + 2, pitch - LOWEST_PITCH] = (0.4 * height, height, 0.4 * height)
    return out


def picked(values: np.ndarray, piece: int = 40) -> list[tuple[int, int]]:
    picker = PeakPicker(0.25, sure=0.5)
    parts: list[Peaks] = [picker.add(values[start : start + piece]) for start in range(0, len(values), piece)]
    parts.append(picker.finish())
    return sorted((round(f), int(p)) for part in parts for f, p in zip(part.frame, part.pitch, strict=True))


@pytest.mark.parametrize("piece", [1, 3, 40])
def test_peaks_at_the_edges_and_between_pieces_are_found(piece: int) -> None:
    values = activations((1, 60, 0.8), (12, 64, 0.4), (13, 67, 0.9), (38, 21, 0.7), (20, 108, 0.6))
    assert picked(values, piece) == [(1, 60), (12, 64), (13, 67), (20, 108), (38, 21)]


def test_what_is_below_the_threshold_is_no_peak() -> None:
    assert picked(activations((10, 60, 0.2))) == []


def test_a_plateau_is_one_peak() -> None:
    values = activations()
    values[10:12, 30] = 0.7
    assert len(picked(values)) == 1


def test_a_faint_octave_of_a_tone_is_its_partial_but_a_strong_one_is_a_note() -> None:
    assert picked(activations((10, 60, 0.8), (11, 72, 0.4))) == [(10, 60)]
    assert picked(activations((10, 60, 0.8), (11, 72, 0.6))) == [(10, 60), (11, 72)]
    assert picked(activations((10, 60, 0.3), (11, 72, 0.4))) == [(10, 60), (11, 72)]


def test_a_faint_octave_after_the_tone_is_a_note() -> None:
    assert picked(activations((10, 60, 0.8), (20, 72, 0.4))) == [(10, 60), (20, 72)]


def test_the_time_lies_between_frames_where_the_activation_leans() -> None:
    values = activations((10, 60, 0.8))
    values[11, 60 - LOWEST_PITCH] = 0.7
    picker = PeakPicker(0.25)
    frames = [*picker.add(values).frame, *picker.finish().frame]
    assert 10.2 < frames[0] < 10.5
