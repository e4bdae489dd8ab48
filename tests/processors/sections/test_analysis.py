"""Sections of a whole piece."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from processors.notes import Notes
from processors.sections import sections_of

from .songs import BEAT_S, made_song

FEW_S = 3.0


@pytest.mark.parametrize("form", ["iAABA", "iABAB"])
def test_a_song_with_clear_contrast_is_divided_where_the_contrast_is(form: str) -> None:
    notes, starts = made_song(form)
    found = [section.start_s for section in sections_of(notes)]
    changes = [start for i, start in enumerate(starts) if i and form[i] != form[i - 1]]
    for change in changes:
        assert min(abs(start - change) for start in found) <= FEW_S, (change, found)
    assert len(found) <= 2 * len(form) + 2


def test_sections_cover_the_piece_without_gaps() -> None:
    notes, _ = made_song("iABAB")
    found = sections_of(notes)
    assert found[0].start_s == 0.0
    assert found[-1].end_s == pytest.approx(notes.end_s)
    assert all(a.end_s == b.start_s for a, b in pairwise(found))
    assert all(0.0 <= section.confidence <= 1.0 and section.end_s > section.start_s for section in found)


def test_the_opening_without_melody_is_the_intro() -> None:
    notes, _ = made_song("iABAB")
    assert sections_of(notes)[0].label == "intro"


def test_what_returns_has_the_name_it_had() -> None:
    notes, starts = made_song("iABAB")
    found = sections_of(notes)

    def label_at(time_s: float) -> str:
        return next(section.label for section in found if section.start_s <= time_s < section.end_s)

    middle = 4 * 4 * BEAT_S
    assert label_at(starts[1] + middle) == label_at(starts[3] + middle)
    assert label_at(starts[2] + middle) == label_at(starts[4] + middle)


def test_known_beats_are_used() -> None:
    notes, _ = made_song("iABAB")
    beats = np.arange(0.0, notes.end_s, BEAT_S)
    starts = [section.start_s for section in sections_of(notes, beats)[1:]]
    assert all(min(abs(start - beat) for beat in beats) < 1e-6 for start in starts)


def test_no_notes_have_no_sections() -> None:
    assert sections_of(Notes.of(np.zeros(0), np.zeros(0, np.uint8))) == []


@pytest.mark.parametrize(
    "notes",
    [
        Notes.of(np.array([0.0, 0.0]), np.array([60, 64]), np.array([90.0, 90.0])),
        Notes.of(np.arange(400) * 0.3, np.full(400, 60)),
        Notes.of(np.array([1.0]), np.array([60])),
        Notes.of(np.arange(12) * 0.25, np.arange(60, 72)),
    ],
    ids=["one long chord", "one repeated note", "one short note", "three seconds"],
)
def test_music_without_form_is_one_section_called_other(notes: Notes) -> None:
    (section,) = sections_of(notes)
    assert (section.label, section.confidence, section.start_s) == ("other", 0.0, 0.0)


def test_music_of_twenty_five_minutes_is_divided_to_its_end() -> None:
    song, _ = made_song("iABAB")
    times = int(1500 / song.end_s) + 1
    shift = np.repeat(np.arange(times) * song.end_s, len(song))
    notes = Notes.of(
        np.tile(song.onset_s, times) + shift,
        np.tile(song.pitch, times),
        np.tile(song.duration_s, times),
        np.tile(song.velocity, times),
    )
    found = sections_of(notes)
    assert found[-1].end_s == pytest.approx(notes.end_s)
    assert len(found) > 40
