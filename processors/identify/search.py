"""Search: efforts of growing cost until one passage is surely what was played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .alignment import align_many
from .groups import Grouped
from .ranking import Ranking, rank_features
from .retrieve import Effort, Passages, Workspace, retrieve
from .segment import Segment
from .tokens import query_tokens

EFFORTS = (
    Effort(wide=False, max_shift=0, budget=60_000, keep=64, rank=12),
    Effort(wide=False, max_shift=6, budget=1_500_000, keep=400, rank=24),
    Effort(wide=True, max_shift=0, budget=3_000_000, keep=1500, rank=40),
    Effort(wide=True, max_shift=6, budget=2_500_000, keep=1500, rank=40),
)
"""Tried in turn until the answer is sure."""

PLACES_A_WORK = 3
"""Passages of one work that are ranked; a piece full of repeats must not crowd out all others."""

SURE_SCORE = 14.0
SURE_SHARE = 0.72
SURE_LEAD = 8.0
"""An answer is sure when it aligns so many notes, such a share of the notes, and leads by such log odds ..."""
TWINS = 3
FAR_LEAD = 16.0
"""... or leads so far over the work at this place: those before it may be the same music under other titles ..."""
EXACT_RANK = 1.3
"""... or ranks so much a note, whatever the lead."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was aligned with the query.

    Attributes:
        segment, work, first, last, shift: where, see ``retrieve.Passages``.
        aligned: alignment score, in matched notes.
        features: the ranking model's input.
        rank: the ranking model's output; differences are log odds.
        effort: which of the efforts found it, from 1.
    """

    segment: Segment
    work: int
    first: int
    last: int
    shift: int
    aligned: float
    features: NDArray[np.float64]
    rank: float
    effort: int = 1


def efforts_within(max_shift: int) -> tuple[Effort, ...]:
    """The efforts for so many semitones either way."""
    return tuple(
        replace(effort, max_shift=min(effort.max_shift, max_shift))
        for effort in EFFORTS
        if max_shift > 0 or effort.max_shift == 0
    )


def search(
    segments: Sequence[Segment],
    heard: Notes,
    query: Grouped,
    ranking: Ranking,
    workspace: Workspace,
    efforts: Sequence[Effort] = EFFORTS,
    thorough: bool = False,
) -> list[Hit]:
    """The best passage of each work that may be what was heard, best first; ``thorough`` goes on when sure."""
    best: dict[tuple[int, int], Hit] = {}
    ranked: list[Hit] = []
    for number, effort in enumerate(efforts, 1):
        for hit in _try(segments, heard, query, effort, ranking, workspace):
            key = (id(hit.segment), hit.work)
            if key not in best or hit.rank > best[key].rank:
                best[key] = replace(hit, effort=number)
        ranked = sorted(best.values(), key=lambda hit: -hit.rank)
        if not thorough and _is_sure(ranked, len(query.pitch)):
            break
    return ranked


def _try(
    segments: Sequence[Segment],
    heard: Notes,
    query: Grouped,
    effort: Effort,
    ranking: Ranking,
    workspace: Workspace,
) -> list[Hit]:
    tokens = query_tokens(heard, effort.wide)
    if not len(tokens.token):
        return []
    found = [(segment, retrieve(segment, tokens, len(query.pitch), effort, workspace)) for segment in segments]
    most_votes = max((int(passages.votes.max()) for _, passages in found if len(passages)), default=0)
    hits: list[Hit] = []
    for segment, passages in found:
        hits += _align(segment, passages, most_votes, query, effort, ranking)
    return hits


def _align(
    segment: Segment, passages: Passages, most_votes: int, query: Grouped, effort: Effort, ranking: Ranking
) -> list[Hit]:
    scores = align_many(segment.stored, passages.first, passages.last, passages.shift, query.pitch)
    chosen = passages.take(_best_aligned(scores, passages.work, effort.rank))
    features = rank_features(segment, chosen, most_votes, query)
    ranks = features @ ranking.weights
    return [
        Hit(
            segment,
            int(chosen.work[i]),
            int(chosen.first[i]),
            int(chosen.last[i]),
            int(chosen.shift[i]),
            float(features[i, 0]),
            features[i],
            float(ranks[i]),
        )
        for i in range(len(chosen))
    ]


def _best_aligned(scores: NDArray[np.int32], work: NDArray[np.int64], wanted: int) -> NDArray[np.int64]:
    """Indices of the best scores, at most ``wanted`` and at most ``PLACES_A_WORK`` of one work."""
    places: Counter[int] = Counter()
    chosen: list[int] = []
    for i in np.argsort(-scores, kind="stable").tolist():
        if len(chosen) == wanted or scores[i] <= 0:
            break
        if places[work[i]] < PLACES_A_WORK:
            places[work[i]] += 1
            chosen.append(i)
    return np.array(chosen, np.int64)


def _is_sure(ranked: list[Hit], notes: int) -> bool:
    if not ranked or ranked[0].aligned < max(SURE_SCORE, SURE_SHARE * notes):
        return False
    best = ranked[0].rank
    lead = best - ranked[1].rank if len(ranked) > 1 else SURE_LEAD
    far_lead = best - ranked[TWINS].rank if len(ranked) > TWINS else 0.0
    return lead >= SURE_LEAD or far_lead >= FAR_LEAD or best >= EXACT_RANK * notes
