"""The compiled loops against plain computations of the same."""

from __future__ import annotations

from collections import Counter

import numpy as np

from processors.identify.alignment import align_many
from processors.identify.lists import length_limit, list_bounds
from processors.identify.path import align_path
from processors.identify.postings import sort_postings
from processors.identify.votes import BIN_BITS, OFFSET, gather


def stored_notes(rng: np.random.Generator, count: int) -> np.ndarray:
    """Random chords: pitches ascending within a group, the first marked."""
    sizes = rng.integers(1, 5, count)
    chords = [np.sort(rng.choice(np.arange(50, 75), size, replace=False)) for size in sizes]
    notes = np.concatenate([np.concatenate(([chord[0] | 128], chord[1:])) for chord in chords])
    return notes[:count].astype(np.uint8)


def test_many_passages_score_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    stored = stored_notes(rng, 2000)
    first = rng.integers(0, 1800, 50)
    last = first + rng.integers(1, 150, 50)
    shift = rng.integers(-6, 7, 50)
    query = rng.integers(45, 80, 40).astype(np.uint8)
    one_by_one = [align_path(stored, a, b, s, query)[0] for a, b, s in zip(first, last, shift, strict=True)]
    assert align_many(stored, first, last, shift, query).tolist() == one_by_one


def test_votes_are_those_of_a_plain_count() -> None:
    rng = np.random.default_rng(4)
    stored = stored_notes(rng, 4000)
    token = rng.integers(0, 30, len(stored)).astype(np.int32)
    starts, packed = sort_postings(token, np.arange(len(stored), dtype=np.int32), stored)
    note = np.repeat(np.arange(20, dtype=np.int32), 3)
    wanted_token = rng.integers(0, 30, 60).astype(np.int32)
    pitch = np.repeat(rng.integers(55, 70, 20), 3).astype(np.uint8)
    bounds = list_bounds(starts, packed, stored, wanted_token, pitch, 2, 1 << 30)
    bins = (len(stored) + 2 * OFFSET >> BIN_BITS) + 2
    table, listed = np.zeros(bins, np.uint16), np.zeros(bins, np.int32)
    found = gather(packed, bounds, note, 1 << 30, 1, 10_000, table, listed)

    expected: Counter[tuple[int, int]] = Counter()
    for column in range(5):
        voters = {
            ((r - q + OFFSET) >> BIN_BITS, q)
            for t, q, p in zip(wanted_token.tolist(), note.tolist(), pitch.tolist(), strict=True)
            for r in np.flatnonzero((token == t) & (stored & 127 == p - 2 + column)).tolist()
        }
        counts = Counter(b for b, _ in voters)
        for b, own in counts.items():
            if own >= 2 and own >= counts[b - 1] and own > counts[b + 1]:
                expected[b, column] = counts[b - 1] + own + counts[b + 1]
    assert {(b, c): v for b, v, c in zip(*(part.tolist() for part in found), strict=True)} == dict(expected)
    assert not table.any()

    few = gather(packed, bounds, note, 1 << 30, 1, 5, table, listed)
    assert sorted(few[1].tolist())[-5:] == sorted(expected.values())[-5:]


def test_the_longest_lists_are_left_out_of_a_budget() -> None:
    lengths = np.array([[1, 1, 1], [4, 4, 4], [100, 100, 100]])
    assert 4 < length_limit(lengths, 20) < 100
    assert length_limit(lengths, 1000) > 100
