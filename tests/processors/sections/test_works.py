"""Sections of catalogue works."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from processors.notes import Notes
from processors.score_beats import ScoreBeats
from processors.sections import Section, SectionShelf, WorkSections, sections_of_work

from .songs import BEAT_S, made_song

FORM = WorkSections(
    (Section("intro", 0.0, 8.0, 0.9), Section("verse", 8.0, 30.0, 0.8), Section("outro", 30.0, 40.0, 0.7))
)


def test_a_position_tells_what_is_played_what_comes_next_and_when() -> None:
    place = FORM.at(25.0)
    assert place.now.label == "verse"
    assert place.following is not None
    assert (place.following.label, place.following_in_s) == ("outro", 5.0)


def test_positions_outside_of_the_work_belong_to_its_ends() -> None:
    assert FORM.at(-3.0).now.label == "intro"
    last = FORM.at(99.0)
    assert (last.now.label, last.following, last.following_in_s) == ("outro", None, None)


def test_sections_survive_being_written_down() -> None:
    assert WorkSections.from_json(FORM.to_json()) == FORM
    with pytest.raises(ValueError):
        WorkSections.from_json('[["verse"]]')


def test_a_works_own_beats_are_used() -> None:
    notes, _ = made_song("iABAB")
    count = int(notes.end_s / BEAT_S) + 1
    position = np.arange(count) % 4 + 1
    beats = ScoreBeats(np.arange(count) * BEAT_S, position, np.full(count, 4))
    found = sections_of_work(notes, beats)
    assert found is not None
    assert all(abs(s.start_s / BEAT_S - round(s.start_s / BEAT_S)) < 1e-6 for s in found.sections)


def test_a_work_is_analysed_once_and_then_read(tmp_path: Path) -> None:
    notes, _ = made_song("iAB")
    loads = []

    def load() -> tuple[Notes, ScoreBeats | None]:
        loads.append(1)
        return notes, None

    first = SectionShelf(tmp_path).sections("some work", load)
    again = SectionShelf(tmp_path).sections("some work", load)
    assert first is not None
    assert again is not None
    assert [s.label for s in again.sections] == [s.label for s in first.sections]
    assert len(loads) == 1
    (file,) = tmp_path.iterdir()
    assert file.stat().st_size < 4096
    file.write_text("damaged")
    assert SectionShelf(tmp_path).sections("some work", load) is not None
    assert len(loads) == 2
