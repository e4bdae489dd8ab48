"""Following: keeping up with a player whose work and place are known, by aligning near the expected place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .groups import Grouped
from .path import align_path
from .ranking import FEATURE_NAMES, Ranking, rank_features
from .retrieve import Passages
from .search import Hit

BEHIND_NOTES = 48
AHEAD_NOTES = 24
"""How far before and after the latest place the work is read, besides the length of what was heard."""

VOTE_SHARE = FEATURE_NAMES.index("vote_share")
"""Kept from the search: following asks for no votes."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A player's place in a work.

    Attributes:
        hit: the passage that what was heard aligned with, in its work.
        note: the segment's note that was reached.
        missing: how many of the latest notes have not been found there.
    """

    hit: Hit
    note: int
    missing: int

    @property
    def work_s(self) -> float:
        """When the note that was reached begins, on the work's clock, seconds."""
        segment, work = self.hit.segment, self.hit.work
        before = segment.stored[int(segment.work_note[work]) : self.note + 1] >> 7
        return float(segment.group_onsets_s(work)[int(np.count_nonzero(before)) - 1])


def spot_of(hit: Hit, query: Grouped) -> Spot:
    """The place that a passage's alignment ends in."""
    _, matched = align_path(hit.segment.stored, hit.first, hit.last, hit.shift, query.pitch)
    found = np.flatnonzero(matched >= 0)
    if not len(found):
        return Spot(hit, hit.first, len(matched))
    groups = np.cumsum(hit.segment.stored[hit.first : hit.last] >> 7)
    groups -= groups[0]
    note = hit.first + int(np.searchsorted(groups, matched[found[-1]]))
    return Spot(hit, note, len(matched) - 1 - int(found[-1]))


def follow(spot: Spot, query: Grouped, new_notes: int, ranking: Ranking) -> Spot:
    """Where the player is now, not far from ``spot``; ``new_notes`` of the query were played since."""
    count = len(query.pitch)
    first = spot.note - count - BEHIND_NOTES
    return _aligned(spot.hit, query, first, spot.note + 2 * new_notes + AHEAD_NOTES, ranking)


def find_in_work(hit: Hit, query: Grouped, ranking: Ranking) -> Spot:
    """Where in the whole of the hit's work the query fits best, in the same key."""
    whole = _aligned(hit, query, 0, hit.segment.notes, ranking)
    return follow(whole, query, 0, ranking)


def _aligned(hit: Hit, query: Grouped, first: int, last: int, ranking: Ranking) -> Spot:
    bounds = hit.segment.work_note[hit.work : hit.work + 2]
    first, last = max(first, int(bounds[0])), min(last, int(bounds[1]))
    passage = Passages(
        np.array([hit.work]), np.array([first]), np.array([last]), np.array([hit.shift]), np.zeros(1, np.int64)
    )
    features = rank_features(hit.segment, passage, 1, query)[0]
    features[VOTE_SHARE] = hit.features[VOTE_SHARE]
    moved = replace(
        hit,
        first=first,
        last=last,
        aligned=float(features[0]),
        features=features,
        rank=float(features @ ranking.weights),
    )
    return spot_of(moved, query)
