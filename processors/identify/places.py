"""Places: all the passages of a work that the query fits equally well, which is what repeats are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .alignment import UNIT
from .ends import REACH, REACH_GROUPS, end_scores
from .groups import Grouped
from .path import align_path
from .place import Place, fit_place
from .ranking import FEATURE_NAMES, Ranking, rank_features
from .retrieve import Passages
from .search import Hit

MAX_PLACES = 16
MAX_ENDS = 48
"""So many ends are looked at to find them."""
NEARLY_NOTES = 1.5
NEARLY_SHARE = 0.08
"""Passages count whose alignment scores so many notes less than the best, or such a share of it."""
APART = 0.25
"""Passages are two when they begin and end at least such a share of their length apart."""
EQUAL_RANK = 3.0
"""Of those, passages within such log odds of the best ranked are equally good."""

VOTE_SHARE = FEATURE_NAMES.index("vote_share")


@dataclass(frozen=True, slots=True)
class Fit:
    """A place, and how many notes of the query were found there."""

    place: Place
    matched: int


def passage_of(hit: Hit) -> Passages:
    """The hit's own passage."""
    return Passages(*(np.array([value]) for value in (hit.work, hit.first, hit.last, hit.shift, 0)))


def fit_passages(hit: Hit, passages: Passages, query: Grouped, span_s: tuple[float, float]) -> list[Fit]:
    """Where the stretch ``span_s`` of the query's clock lies if it was played at each of the hit's passages."""
    segment = hit.segment
    work_note = int(segment.work_note[hit.work])
    onsets_s = segment.group_onsets_s(hit.work)
    fits = []
    for first, last in zip(passages.first.tolist(), passages.last.tolist(), strict=True):
        _, matched = align_path(segment.stored, first, last, hit.shift, query.pitch)
        which = np.flatnonzero(matched >= 0)
        before = int(np.count_nonzero(segment.stored[work_note : first + 1] >> 7)) - 1
        query_s: NDArray[np.float64] = query.note_ms[which] / 1000.0
        fits.append(Fit(fit_place(query_s, onsets_s[matched[which] + before], *span_s), len(which)))
    return fits


def places_in_work(hit: Hit, query: Grouped, ranking: Ranking) -> Passages:
    """The passages of the hit's work that are as good as the best one, in the hit's key, best first."""
    passages = _passages(hit, query)
    if len(passages) < 2:
        return passages if len(passages) else passage_of(hit)
    features = rank_features(hit.segment, passages, 1, query)
    features[:, VOTE_SHARE] = hit.features[VOTE_SHARE]
    rank = features @ ranking.weights
    order = np.lexsort((passages.first, -rank))
    return passages.take(order[rank[order] >= rank.max() - EQUAL_RANK])


def _passages(hit: Hit, query: Grouped) -> Passages:
    """Passages that end where the alignment scores best, each cut to what it matches."""
    segment = hit.segment
    start, end = (int(n) for n in segment.work_note[hit.work : hit.work + 2])
    scores = end_scores(segment.stored, start, end, hit.shift, query.pitch).astype(np.int64)
    bounds = np.append(start + np.flatnonzero(segment.stored[start:end] & 128), end)
    reach = int(len(query.pitch) * REACH) + REACH_GROUPS
    best = int(scores.max())
    wanted = max(best - max(NEARLY_NOTES * UNIT, NEARLY_SHARE * best), 1)
    found: list[tuple[int, int]] = []
    for _ in range(MAX_ENDS):
        last = int(scores.argmax())
        if scores[last] < wanted or len(found) == MAX_PLACES:
            break
        first = max(last + 1 - reach, 0)
        window = int(bounds[first]), int(bounds[last + 1])
        _, matched = align_path(segment.stored, *window, hit.shift, query.pitch, True)
        if matched.max(initial=-1) < 0:
            break
        first += int(matched[matched >= 0][0])
        apart = APART * (last + 1 - first)
        scores[max(last - int(apart), 0) : last + int(apart) + 1] = 0
        if all(abs(first - a) >= apart and abs(last - b) >= apart for a, b in found):
            found.append((first, last))
    place = np.array(found, np.int64).reshape(-1, 2)
    same = np.ones(len(place), np.int64)
    return Passages(hit.work * same, bounds[place[:, 0]], bounds[place[:, 1] + 1], hit.shift * same, 0 * same)
