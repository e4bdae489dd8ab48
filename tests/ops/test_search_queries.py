"""The queries that the search is measured with: other words than training, and truth that follows from scores."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ops.evaluate.search_queries import QUERIES, WORDS, make_queries
from ops.evaluate.search_truth import TRUTHS, ScoreFacts, grade
from processors.training.search import wordings

DUET = ScoreFacts(frozenset({"voice", "piano"}), 3, 60.0, 3, False, "minor", 3.1, 0.6, 62.0, 150.0)


def test_no_wording_of_a_fact_is_one_that_training_knows() -> None:
    learned = {word.lower() for table in (wordings.BEFORE, wordings.AFTER) for said in table.values() for word in said}
    asked = {word.lower() for said in WORDS.values() for word in said}
    assert not learned & asked
    shapes = {shape for kind in ("plays", "only", "pair") for shape in wordings.SHAPES[kind]}
    from ops.evaluate.search_queries import SHAPES

    assert not shapes & {shape for kind in ("only", "pair", "has") for shape in SHAPES[kind]}


def test_there_are_two_hundred_different_queries() -> None:
    queries = json.loads(QUERIES.read_text("utf-8"))
    assert len(queries) == len({query["text"] for query in queries}) == 200
    assert all(set(query["claims"]) <= set(TRUTHS) for query in queries)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (("mode:minor", "pair:voice+piano", "tempo:slow"), 2),
        (("mode:major", "pair:voice+piano", "tempo:slow"), 1),
        (("mode:major", "pair:voice+piano"), 0),
        (("metre:three", "texture:chords"), 2),
        (("only:piano", "tempo:slow"), 0),
    ],
)
def test_a_grade_counts_the_claims_that_are_true(claims: tuple[str, ...], expected: int) -> None:
    assert grade(claims, DUET) == expected


def test_of_a_score_that_does_not_tell_what_plays_nothing_about_it_is_true() -> None:
    assert grade(("only:piano", "tempo:slow", "mode:minor"), replace(DUET, instruments=frozenset())) == 0


def test_the_same_seed_makes_the_same_queries() -> None:
    players = [frozenset({"piano"}), frozenset({"guitar"}), frozenset({"voice", "piano"})]
    scores = [
        replace(DUET, instruments=players[n % 3], tempo_bpm=40.0 + n, mode=("major", "minor")[n % 2], beats=n % 5)
        for n in range(120)
    ]
    assert make_queries(scores, seed=3, count=3) == make_queries(scores, seed=3, count=3)
