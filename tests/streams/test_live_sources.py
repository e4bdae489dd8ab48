"""Windows of live players: bounded, forgotten when silent, and not confused by repeats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from connectors.settings import LiveSettings
from processors.identify import Catalogue, Identifier, WorkEntry
from processors.notes import Notes
from schemas.events import NoteEvent
from streams.live_sources import LiveSources
from streams.records import Record

LIMITS = LiveSettings(window_s=10.0, window_max_notes=50, silence_expiry_s=60.0, max_sources=3)
PITCHES = np.random.default_rng(5).integers(40, 80, 100)


@pytest.fixture(scope="module")
def identifier(tmp_path_factory: pytest.TempPathFactory) -> Identifier:
    notes = Notes.of(np.arange(100) * 0.25, PITCHES)
    work = WorkEntry("w", "W", "Nobody", "w.mid", notes)
    return Identifier(Catalogue.build(tmp_path_factory.mktemp("catalogue"), [work]))


def record(offset: int, timestamp_s: float) -> Record:
    return Record("notes", 0, offset, timestamp_s, b"k", b"v")


def note(number: int, source_id: str = "s", session_id: str = "a") -> NoteEvent:
    return NoteEvent(
        source_id=source_id,
        session_id=session_id,
        sequence=number,
        time_s=number * 0.25,
        type="note_on",
        pitch=int(PITCHES[number % 100]),
        velocity=64,
    )


def play(sources: LiveSources, numbers: range, session_id: str = "a", first_offset: int = 0) -> None:
    for number in numbers:
        sources.hear(record(first_offset + number, number * 0.25), note(number, session_id=session_id))


def test_player_is_recognised(identifier: Identifier) -> None:
    sources = LiveSources(LIMITS)
    play(sources, range(30))
    answer = sources.answer("s", identifier)
    assert answer.candidates[0].work_id == "w"
    assert answer.notes_heard == 30


def test_repeats_change_nothing(identifier: Identifier) -> None:
    sources = LiveSources(LIMITS)
    play(sources, range(20))
    play(sources, range(5, 20))  # the same records again
    play(sources, range(5, 20), first_offset=100)  # the same notes, published twice
    assert sources.answer("s", identifier).notes_heard == 20


def test_drums_are_not_heard(identifier: Identifier) -> None:
    sources = LiveSources(LIMITS)
    for number in range(20):
        sources.hear(record(number, number * 0.25), replace(note(number), channel=9))
    assert sources.answer("s", identifier).notes_heard == 0


def test_window_is_bounded_in_time(identifier: Identifier) -> None:
    sources = LiveSources(LIMITS)
    play(sources, range(100))
    assert sources.answer("s", identifier).notes_heard <= 1 + LIMITS.window_s / 0.25


def test_new_session_starts_afresh(identifier: Identifier) -> None:
    sources = LiveSources(LIMITS)
    play(sources, range(30))
    play(sources, range(8), session_id="b", first_offset=100)
    assert sources.answer("s", identifier).notes_heard == 8


def test_new_catalogue_hears_the_window_again(identifier: Identifier, tmp_path: Path) -> None:
    sources = LiveSources(LIMITS)
    play(sources, range(30))
    empty = Identifier(Catalogue.build(tmp_path, []))
    assert sources.answer("s", empty).status == "unknown"
    assert sources.answer("s", identifier).candidates[0].work_id == "w"


def test_longest_silent_sources_go_first() -> None:
    sources = LiveSources(LIMITS)
    for number, source_id in enumerate(["a", "b", "c", "a", "d"]):
        sources.hear(record(number, number), note(number, source_id))
    assert set(sources.names()) == {"c", "a", "d"}
    sources.hear(record(9, 2.0 + LIMITS.silence_expiry_s + 0.5), note(9, "e"))
    assert set(sources.names()) == {"a", "d", "e"}
