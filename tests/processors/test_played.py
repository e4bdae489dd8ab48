"""Answers become the list that a person would have written."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from processors.played import Heard, Played, joined


def live(at_s: float, work: str | None, confidence: float = 0.9, place_s: float | None = None) -> Heard:
    """A live answer: a work, or None where it was not recognised."""
    if work is None:
        return Heard(at_s, at_s, "unknown")
    place_s = at_s if place_s is None else place_s
    return Heard(at_s, at_s, "matched", work, f"Title of {work}", "Bach", confidence, place_s, place_s + 1.0)


def told(entries: list[Played]) -> list[tuple[float, float, str]]:
    return [(entry.begin_s, entry.end_s, entry.work_id or entry.status) for entry in entries]


def test_answers_of_a_work_are_one_entry() -> None:
    heard = [live(at, "a", 0.8 if at < 10 else 1.0, place_s=5.0 + at) for at in range(20)]
    (entry,) = joined(heard)
    assert (entry.begin_s, entry.end_s, entry.answers, entry.title) == (0, 19, 20, "Title of a")
    assert abs(entry.confidence - 0.9) < 1e-9
    assert (entry.ref_start_s, entry.ref_end_s) == (5.0, 25.0)


def test_works_follow_one_another_and_what_is_unknown_is_told() -> None:
    heard = [live(at, "a" if at < 60 else None if at < 100 else "b") for at in range(0, 160, 2)]
    assert told(joined(heard)) == [(0, 58, "a"), (60, 98, "unknown"), (100, 158, "b")]


def test_a_short_doubt_amid_a_work_belongs_to_it_and_a_long_one_does_not() -> None:
    heard = [live(at, None if 20 <= at < 26 or 60 <= at < 80 else "a") for at in range(0, 100)]
    assert told(joined(heard)) == [(0, 59, "a"), (60, 79, "unknown"), (80, 99, "a")]
    assert told(joined(heard, doubt_s=1.0))[1] == (20, 25, "unknown")


def test_a_slip_amid_a_work_belongs_to_it_and_a_short_work_between_two_does_not() -> None:
    heard = [live(at, "b" if at == 30 else "a") for at in range(60)]
    (entry,) = joined(heard)
    assert (entry.work_id, entry.answers) == ("a", 59)  # the slip says nothing for the work
    between = [
        *[live(at, "a") for at in range(30)],
        live(30, "b"),
        live(33, "b"),
        *[live(at, "c") for at in range(35, 60)],
    ]
    assert [entry.work_id for entry in joined(between)] == ["a", "b", "c"]


def test_a_silence_ends_an_entry() -> None:
    heard = [live(at, "a") for at in (0, 5, 10, 60, 65)]
    assert told(joined(heard)) == [(0, 10, "a"), (60, 65, "a")]
    assert told(joined(heard, pause_s=60.0)) == [(0, 65, "a")]


def test_clips_cover_what_they_contain() -> None:
    clips = [Heard(at, at + 10, "matched", "a", "T", "C", 0.9, at, at + 10) for at in (0, 10, 20)]
    failed = Heard(30, 40, "failed", error="not_midi")
    assert [(e.begin_s, e.end_s, e.status, e.error) for e in joined([failed, *clips])] == [
        (0, 30, "matched", ""),
        (30, 40, "failed", "not_midi"),
    ]


def test_nothing_heard_is_an_empty_list() -> None:
    assert joined([]) == []


WORKS = st.sampled_from(["a", "b", None])


@given(st.lists(st.tuples(st.floats(0, 10_000), WORKS), max_size=60), st.floats(0, 100), st.floats(0, 100))
def test_entries_are_in_order_and_within_what_was_heard(
    answers: list[tuple[float, str | None]], pause_s: float, doubt_s: float
) -> None:
    heard = [live(at, work) for at, work in answers]
    entries = joined(heard, pause_s=pause_s, doubt_s=doubt_s)
    assert sum(entry.answers for entry in entries) <= len(heard)
    assert all(entry.begin_s <= entry.end_s for entry in entries)
    assert all(first.end_s <= second.begin_s for first, second in pairwise(entries))
    assert {entry.work_id for entry in entries if entry.work_id} <= {work for _, work in answers if work}
    assert joined(reversed(heard), pause_s=pause_s, doubt_s=doubt_s) is not None
