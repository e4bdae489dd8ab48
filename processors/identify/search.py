"""Search: efforts of growing cost until one passage is surely what was played."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .alignment import align_many
from .confidence import Confidence, evidence_of
from .groups import Grouped
from .ranking import Ranking, rank_features
from .retrieve import Effort, Passages, Workspace, retrieve
from .segment import Segment
from .tokens import QueryTokens, query_tokens

EFFORTS = (
    Effort(wide=False, max_shift=0, budget=90_000, keep=64, rank=10),
    Effort(wide=False, max_shift=6, budget=3_000_000, keep=800, rank=60),
    Effort(wide=True, max_shift=0, budget=3_000_000, keep=4000, rank=240),
    Effort(wide=True, max_shift=6, budget=1_600_000, keep=3000, rank=160),
)
"""Tried in turn until the answer is sure."""

PLACES_A_WORK = 3
"""Passages of one work that are ranked; a piece full of repeats must not crowd out all others."""

MAX_WIDE_NOTES = 128
"""A wide search looks up the tokens of so many notes at the most."""

LEAST_BUDGET = 4_000
"""An effort's budget is shared by the segments as their notes are; a small one gets so much at the least."""

SURE = 0.97
"""An answer with so much confidence ends the search."""


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
    confidence: Confidence,
    workspace: Workspace,
    efforts: Sequence[Effort] = EFFORTS,
) -> list[Hit]:
    """The best passage of each work that may be what was heard, best first."""
    ranked: list[Hit] = []
    best: dict[tuple[int, int], Hit] = {}
    for number, hits in enumerate(search_steps(segments, heard, query, ranking, workspace, efforts), 1):
        for hit in hits:
            key = (id(hit.segment), hit.work)
            if key not in best or hit.rank > best[key].rank:
                best[key] = replace(hit, effort=number)
        ranked = sorted(best.values(), key=lambda hit: -hit.rank)
        if ranked and confidence.known(evidence_of(ranked, len(query.pitch))) >= SURE:
            break
    return ranked


def search_steps(
    segments: Sequence[Segment],
    heard: Notes,
    query: Grouped,
    ranking: Ranking,
    workspace: Workspace,
    efforts: Sequence[Effort] = EFFORTS,
) -> Iterator[list[Hit]]:
    """What each effort finds, one effort a step."""
    for effort in efforts:
        yield _try(segments, heard, query, effort.for_notes(len(query.pitch)), ranking, workspace)


def _try(
    segments: Sequence[Segment],
    heard: Notes,
    query: Grouped,
    effort: Effort,
    ranking: Ranking,
    workspace: Workspace,
) -> list[Hit]:
    tokens = _tokens(heard, effort.wide)
    if not len(tokens.token) or not segments:
        return []
    notes = sum(segment.notes for segment in segments)
    found = []
    for segment in segments:
        part = replace(effort, budget=max(effort.budget * segment.notes // max(notes, 1), LEAST_BUDGET))
        found.append((segment, retrieve(segment, tokens, len(query.pitch), part, workspace)))
    most_votes = max((int(passages.votes.max()) for _, passages in found if len(passages)), default=0)
    scores = [align_many(s.stored, p.first, p.last, p.shift, query.pitch) for s, p in found]
    # The work grows with the number of segments up to here; what is ranked does not.
    least = _nth_best(np.concatenate(scores), effort.rank)
    hits: list[Hit] = []
    for (segment, passages), score in zip(found, scores, strict=True):
        chosen = passages.take(_best_aligned(np.where(score >= least, score, 0), passages.work, effort.rank))
        if len(chosen):
            hits += _rank(segment, chosen, most_votes, query, ranking)
    return hits


def _tokens(heard: Notes, wide: bool) -> QueryTokens:
    """The query's tokens; of a long one, for a wide search, those of the middle are enough."""
    start = max(len(heard) - MAX_WIDE_NOTES, 0) // 2 if wide else 0
    if not start:
        return query_tokens(heard, wide)
    part = slice(start, start + MAX_WIDE_NOTES)
    middle = Notes(heard.onset_s[part], heard.duration_s[part], heard.pitch[part], heard.velocity[part])
    tokens = query_tokens(middle, wide)
    return tokens._replace(note=(tokens.note + start).astype(np.int32))


def _nth_best(scores: NDArray[np.int32], n: int) -> int:
    return int(np.partition(scores, -n)[-n]) if len(scores) > n else 0


def _rank(segment: Segment, chosen: Passages, most_votes: int, query: Grouped, ranking: Ranking) -> list[Hit]:
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
