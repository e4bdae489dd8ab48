"""How notes are cut into windows."""

from __future__ import annotations

import numpy as np
import pytest
from identify.music import piece

from processors.embeddings.constants import HOP_NOTES, MIN_NOTES, WINDOW_NOTES
from processors.embeddings.windows import NO_NOTE, Windows
from processors.notes import Notes


def test_windows_cover_every_note() -> None:
    notes = piece(1)
    windows = Windows.of(notes)
    covered = np.unique(windows.first[:, None] + np.arange(WINDOW_NOTES))
    assert covered.tolist() == list(range(len(notes)))
    assert np.diff(windows.first).max() <= HOP_NOTES


def test_tempo_does_not_enter() -> None:
    notes = piece(1)
    slow = Notes(notes.onset_s * 3.0, notes.duration_s, notes.pitch, notes.velocity)
    assert Windows.of(slow).time == pytest.approx(Windows.of(notes).time, abs=1e-5)


def test_a_short_clip_is_one_window_with_gaps_on_the_scale_of_a_full_one() -> None:
    notes = Notes.of(np.arange(10) * 0.5, np.arange(60, 70))
    windows = Windows.of(notes)
    assert len(windows) == 1
    assert windows.pitch[0].tolist() == [*range(60, 70), *[NO_NOTE] * (WINDOW_NOTES - 10)]
    assert np.diff(windows.time[0, :10]) == pytest.approx(np.full(9, 1 / (WINDOW_NOTES - 1)), rel=1e-4)


@pytest.mark.parametrize("count", [0, 1, MIN_NOTES - 1])
def test_too_few_notes_make_no_window(count: int) -> None:
    assert len(Windows.of(Notes.of(np.arange(count) * 0.5, np.full(count, 60)))) == 0
