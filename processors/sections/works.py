"""Sections of a catalogue work, and which of them is being played.

Once a live source has been matched to a work, its sections are those of the work at the tracked position: known ahead
of time, and the same whenever the work is played. Works without verses and choruses get the same names by role: verse
is the material that comes first, chorus the contrast that returns, bridge what leads over, outro the end; what the
model is not sure about is other.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from processors.notes import Notes
from processors.score_beats import ScoreBeats

from .analysis import sections_of
from .labels import LABELS, Section

LEAST_CONFIDENCE = 0.4
"""Labels of works less probable than this become other: six would have 0.17 each by chance."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a work's form a player is.

    Attributes:
        now: the section that is being played, on the work's clock.
        following: the one after it; nothing in the last one.
        following_in_s: how far it is away, in seconds of the work's clock; a player at ``tempo_ratio`` needs
            ``following_in_s / tempo_ratio`` seconds to get there.
    """

    now: Section
    following: Section | None
    following_in_s: float | None


@dataclass(frozen=True, slots=True)
class WorkSections:
    """The sections of a work, in order and without gaps; at least one."""

    sections: tuple[Section, ...]

    def at(self, position_s: float) -> Place:
        """The place of a position on the work's clock; before the first and after the last section it is in those."""
        starts = [section.start_s for section in self.sections]
        i = max(bisect_right(starts, position_s) - 1, 0)
        if i + 1 == len(self.sections):
            return Place(self.sections[i], None, None)
        following = self.sections[i + 1]
        return Place(self.sections[i], following, following.start_s - position_s)

    def to_json(self) -> str:
        """Compact: (label, start_s, end_s, confidence) for each section; some 40 bytes each."""
        rows = [
            [LABELS.index(s.label), round(s.start_s, 3), round(s.end_s, 3), round(s.confidence, 3)]
            for s in self.sections
        ]
        return json.dumps(rows, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> WorkSections:
        """The inverse of ``to_json``.

        Raises:
            ValueError: the text is nothing that ``to_json`` wrote.
        """
        rows: Any = json.loads(text)
        try:
            return cls(tuple(Section(LABELS[label], start_s, end_s, sure) for label, start_s, end_s, sure in rows))
        except (TypeError, IndexError) as error:
            raise ValueError(f"This is no list of sections: {error}") from error


def sections_of_work(notes: Notes, beats: ScoreBeats | None) -> WorkSections | None:
    """Analyse a work of the catalogue.

    Args:
        notes: of the whole work, on its own clock.
        beats: its beats, where the score tells them; otherwise a pulse is estimated.

    Returns:
        its sections; nothing for a work without notes.
    """
    found = sections_of(notes, None if beats is None else np.asarray(beats.time_s, np.float64))
    sure = [s if s.confidence >= LEAST_CONFIDENCE else replace(s, label=LABELS[-1]) for s in found]
    return WorkSections(tuple(sure)) if sure else None
