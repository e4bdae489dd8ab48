"""Hypotheses: what a player may be playing, each a work in a key, all followed at once from note to note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .alignment import UNIT, align_many
from .following import Follower, Written
from .search import Hit
from .segment import Segment

KEPT = 24
"""So many hypotheses are kept after a search."""
FAR = 30.0
"""A hypothesis that trails the best by such log odds is dropped."""
OTHER_KEY = 4.0
"""Log odds of the written key over any one other, less what chance grants the best of twelve."""

BEFORE_GROUPS = 24
AFTER_GROUPS = 40
"""Works hold the same music when they agree so far before and after where they are followed ..."""
SAME_SHARE = 0.7
"""... in so many of the notes."""

Heard = tuple[float, int]
"""A note: onset in milliseconds, pitch."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """That a work is played, in a key.

    Attributes:
        segment, work: where in the catalogue.
        shift: semitones that the player lies above the work.
        follower: what the notes say to it.
    """

    segment: Segment
    work: int
    shift: int
    follower: Follower

    @property
    def score(self) -> float:
        """Log odds of what was heard, with the prior of the key."""
        return self.follower.evidence - (OTHER_KEY if self.shift else 0.0)

    def is_of(self, other: Hypothesis) -> bool:
        """Whether both are of the same work."""
        return self.segment is other.segment and self.work == other.work


class Hypotheses:
    """The likeliest hypotheses about one player since one note."""

    def __init__(self) -> None:
        self._all: dict[tuple[int, int, int], Hypothesis] = {}

    def hear(self, note: Heard) -> None:
        """Take a note into every hypothesis."""
        for hypothesis in self._all.values():
            hypothesis.follower.hear(*note)

    def consider(self, hits: Iterable[Hit], heard: Sequence[Heard]) -> None:
        """Add what a search found, as if it had been followed through all that was ``heard``; keep the likeliest."""
        written = {(id(known.segment), known.work): known.follower.written for known in self._all.values()}
        for hit in hits:
            work = (id(hit.segment), hit.work)
            if (*work, hit.shift) in self._all:
                continue
            if work not in written:
                written[work] = Written.of(hit.segment, hit.work)
            follower = Follower(written[work], hit.shift)
            for note in heard:
                follower.hear(*note)
            self._all[*work, hit.shift] = Hypothesis(hit.segment, hit.work, hit.shift, follower)
        self.keep(KEPT)

    def keep(self, count: int) -> None:
        """Forget all but the likeliest, and those that trail far behind the best."""
        best = sorted(self._all.items(), key=lambda item: -item[1].score)[:count]
        self._all = {key: known for key, known in best if known.score >= best[0][1].score - FAR}

    def ranked(self) -> list[Hypothesis]:
        """The likeliest hypothesis of each work, best first."""
        best: dict[tuple[int, int], Hypothesis] = {}
        for (segment, work, _), hypothesis in self._all.items():
            known = best.get((segment, work))
            if known is None or hypothesis.score > known.score:
                best[segment, work] = hypothesis
        return sorted(best.values(), key=lambda hypothesis: -hypothesis.score)


def same_music(one: Hypothesis, other: Hypothesis) -> bool:
    """Whether two works hold the same notes around where they are followed, so that either is a right answer."""
    first, last = _around(one)
    other_first, other_last = _around(other)
    passage = one.segment.stored[first:last] & np.uint8(127)
    score = align_many(
        other.segment.stored,
        np.array([other_first]),
        np.array([other_last]),
        np.array([other.shift - one.shift]),
        passage,
    )
    return bool(score[0] >= SAME_SHARE * UNIT * len(passage))


def _around(hypothesis: Hypothesis) -> tuple[int, int]:
    """The notes [first, last) of the segment around where the hypothesis is, at most 400."""
    segment = hypothesis.segment
    first, last = (int(note) for note in segment.work_note[hypothesis.work : hypothesis.work + 2])
    starts = np.flatnonzero(segment.stored[first:last] >> 7)
    here = hypothesis.follower.position.group
    a, b = max(here - BEFORE_GROUPS, 0), here + AFTER_GROUPS
    begin = first + int(starts[a])
    end = first + int(starts[b]) if b < len(starts) else last
    return begin, min(end, begin + 400)
