"""Twins: works that are the same music under two titles, so that either is a right answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from processors.identify import Catalogue, Identifier
from processors.notes import Notes

EXCERPTS = 12
EXCERPT_NOTES = 60
SAME_PASSAGE = 0.7
"""A passage is the same when so much of its notes is found, in order."""
SAME_WORK = 0.5
"""Works are twins when so many of one's excerpts are the same in the other."""


def twins_of(catalogue: Catalogue, paths: Iterable[str]) -> dict[str, set[str]]:
    """For each work (by path) the paths of the works that hold its music, itself included."""
    identifier = Identifier(catalogue, top=10)
    wanted = set(paths)
    twins = {path: {path} for path in wanted}
    for segment in catalogue.segments:
        for work in range(segment.works):
            path = segment.info(work).path
            if path in wanted:
                twins[path] |= _twins(identifier, segment.work_notes(work))
    return twins


def _twins(identifier: Identifier, notes: Notes) -> set[str]:
    found: Counter[str] = Counter()
    excerpts = 0
    for k in range(EXCERPTS):
        start = (len(notes) - EXCERPT_NOTES) * k // max(EXCERPTS - 1, 1)
        if start < 0:
            start = 0
        part = slice(start, start + EXCERPT_NOTES)
        excerpt = Notes(notes.onset_s[part], notes.duration_s[part], notes.pitch[part], notes.velocity[part])
        excerpts += 1
        for candidate in identifier.identify(excerpt).candidates:
            if candidate.score >= SAME_PASSAGE * len(excerpt):
                found[candidate.path] += 1
    return {path for path, count in found.items() if count >= SAME_WORK * excerpts}
