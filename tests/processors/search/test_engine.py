"""Searches by text, by music, by both and for more like a work, and what is no search."""

from __future__ import annotations

import numpy as np
import pytest

from processors.identify import Catalogue
from processors.identify_music import MusicLimits
from processors.midi import BadMusicError, write_midi
from processors.notes import Notes
from processors.search.engine import Found, SearchEngine
from processors.search.hearing import Heard, Hearing, identifier_of
from processors.search.limits import BadSearchError, Filters, SearchRequest

from .conftest import entry


def share(found: list[Found], holds: list[bool]) -> float:
    assert found
    return sum(holds) / len(found)


@pytest.mark.parametrize("text", ["a piece for solo cello", "music for cello alone"])
def test_a_text_finds_what_plays(engine: SearchEngine, text: str) -> None:
    found = engine.search(SearchRequest("text", text, top_k=4))
    assert share(found, [work.instruments == ("cello",) for work in found]) >= 0.75


def test_a_text_of_two_claims_finds_what_fulfils_both(engine: SearchEngine) -> None:
    found = engine.search(SearchRequest("text", "a slow song for voice and piano", top_k=2))
    assert share(found, [set(work.instruments) == {"voice", "piano"} for work in found]) == 1.0
    assert found[0].tempo_bpm == pytest.approx(50.0, abs=0.5)


def test_scores_fall_and_no_work_comes_twice(engine: SearchEngine) -> None:
    found = engine.search(SearchRequest("text", "fast guitar music in a major key", top_k=20))
    assert len({work.work_id for work in found}) == 20
    assert [work.score for work in found] == sorted((work.score for work in found), reverse=True)


def heard(catalogue: Catalogue, number: int, stretch: float = 1.2) -> Heard:
    notes = entry(number).notes.between(5.0, 40.0)
    played = Notes.of(notes.onset_s * stretch, notes.pitch)
    return Hearing(MusicLimits()).hear("midi", write_midi(played), identifier_of(catalogue))


def test_a_performance_finds_its_work_first(engine: SearchEngine, catalogue: Catalogue) -> None:
    found = engine.search(SearchRequest("audio", top_k=5), heard(catalogue, 20))
    assert found[0].work_id == "w20"
    assert found[0].performance > 0.9


def test_alpha_goes_from_music_to_text(engine: SearchEngine, catalogue: Catalogue) -> None:
    music, text = heard(catalogue, 20), "a piece for solo organ"
    by_music = engine.search(SearchRequest("hybrid", text, alpha=0.0), music)
    by_text = engine.search(SearchRequest("hybrid", text, alpha=1.0), music)
    assert [w.work_id for w in by_music] == [w.work_id for w in engine.search(SearchRequest("audio"), music)]
    assert [w.work_id for w in by_text] == [w.work_id for w in engine.search(SearchRequest("text", text))]
    assert by_music[0].work_id == "w20"


def test_more_like_a_work_is_not_the_work_itself(engine: SearchEngine) -> None:
    found = engine.search(SearchRequest("similar", work_id="w2", top_k=5))
    assert "w2" not in {work.work_id for work in found}
    alike = [work.instruments == ("cello",) or work.tempo_bpm == pytest.approx(180.0, abs=1.0) for work in found]
    assert share(found, alike) >= 0.6


def test_filters_leave_only_what_fulfils_them(engine: SearchEngine, catalogue: Catalogue) -> None:
    filters = Filters(instruments=("organ",), tempo_max=60.0)
    for request, music in (
        (SearchRequest("text", "lively flute music", filters=filters), None),
        (SearchRequest("audio", filters=filters), heard(catalogue, 20)),
    ):
        found = engine.search(request, music)
        assert found
        assert all(work.instruments == ("organ",) and (work.tempo_bpm or 99.0) < 60.0 for work in found)


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (SearchRequest("text", ""), "no_query"),
        (SearchRequest("text", " \n"), "no_query"),
        (SearchRequest("text", "x" * (1 << 20)), "query_too_long"),
        (SearchRequest("text", "x", alpha=7.0), "bad_alpha"),
        (SearchRequest("text", "x", alpha=float("nan")), "bad_alpha"),
        (SearchRequest("text", "x", top_k=10**9), "bad_top_k"),
        (SearchRequest("text", "x", top_k=0), "bad_top_k"),
        (SearchRequest("audio"), "no_audio"),
        (SearchRequest("similar", work_id="../../etc/passwd"), "no_such_work"),
        (SearchRequest("similar"), "no_such_work"),
        (SearchRequest("text", "x", filters=Filters(instruments=("kazoo",))), "bad_filter"),
        (SearchRequest("text", "x", filters=Filters(tempo_min=float("nan"))), "bad_filter"),
        (SearchRequest("text", "x", filters=Filters(composer="x" * 300)), "bad_filter"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_searched_for_is_refused(engine: SearchEngine, request_: SearchRequest, reason: str) -> None:
    with pytest.raises(BadSearchError) as refused:
        engine.search(request_)
    assert refused.value.type == reason


def test_silence_and_noise_are_no_music_to_search_by(catalogue: Catalogue) -> None:
    hearing, identifier = Hearing(MusicLimits()), identifier_of(catalogue)
    with pytest.raises(BadSearchError, match="No note"):
        hearing.hear_sound(np.zeros(44_100, np.float32), 22_050, identifier)
    with pytest.raises(BadMusicError):
        hearing.hear("audio", b"RIFF this is a text file named .wav", identifier)
    with pytest.raises(BadMusicError):
        hearing.hear("audio", b"", identifier)
