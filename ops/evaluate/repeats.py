"""Repeats: whether two places of a work hold the same notes, so that no clip could tell them apart."""

from __future__ import annotations

import numpy as np

from processors.identify.alignment import UNIT, align_many
from processors.identify.groups import SCORE_TOLERANCE_MS, group_notes
from processors.notes import Notes

SAME_SHARE = 0.8
MARGIN_S = 1.0
MAX_NOTES = 400
"""More notes of a passage are not looked at."""


def same_passage(notes: Notes, start_s: float, end_s: float, other_start_s: float) -> bool:
    """Whether a work from ``other_start_s`` on, give or take ``MARGIN_S``, repeats its passage [start_s, end_s)."""
    passage = notes.between(start_s, end_s)
    other = notes.between(other_start_s - MARGIN_S, other_start_s + end_s - start_s + MARGIN_S)
    if not len(passage) or not len(other):
        return False
    grouped = group_notes(other, SCORE_TOLERANCE_MS)
    first = np.diff(grouped.group, prepend=np.int32(-1)) > 0
    stored = grouped.pitch | np.where(first, 128, 0).astype(np.uint8)
    whole = np.array([len(stored)])
    score = align_many(stored, np.zeros(1, np.int64), whole, np.zeros(1, np.int64), passage.pitch)
    return bool(score[0] >= SAME_SHARE * UNIT * len(passage))


class Written:
    """A work in which passages are looked for."""

    def __init__(self, notes: Notes) -> None:
        grouped = group_notes(notes, SCORE_TOLERANCE_MS)
        first = np.diff(grouped.group, prepend=np.int32(-1)) > 0
        self._onset_s = grouped.note_ms / 1000.0
        self._stored = grouped.pitch | np.where(first, 128, 0).astype(np.uint8)

    def repeats(self, start_s: float, end_s: float) -> bool:
        """Whether the work has its notes of [start_s, end_s) a second time, somewhere else."""
        a, b = np.searchsorted(self._onset_s, (start_s, end_s))
        count = int(min(b - a, MAX_NOTES))
        if count == 0:
            return False
        first = np.arange(0, len(self._stored), max(count // 2, 1))
        last = np.minimum(first + 2 * count, len(self._stored))
        elsewhere = (last <= a) | (first >= a + count)
        first, last = first[elsewhere], last[elsewhere]
        passage = self._stored[a : a + count] & np.uint8(127)
        scores = align_many(self._stored, first, last, np.zeros(len(first), np.int64), passage)
        return bool(scores.max(initial=0) >= SAME_SHARE * UNIT * count)
