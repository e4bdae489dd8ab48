"""Finding: from a player's first notes to hypotheses, by searches whose finds are then followed from note to note.

A search knows only the notes that it is given; what it found stays and gathers evidence. So few searches are enough,
and a right work that one search ranks fifth is first a few notes later.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from processors.notes import Notes

from .hypotheses import Heard, Hypotheses, Hypothesis
from .matcher import MIN_NOTES, Identifier

QUERY_NOTES = 32
"""So many of the latest notes are looked up."""
SAME_KEY_EVERY = 2
SAME_KEY_EVERY_LATER = 6
EARLY_NOTES = 16
"""The written key is searched after so many notes, early and later."""
ANY_KEY_AT = (10, 16, 24)
ANY_KEY_EVERY = 32
"""All keys are searched after so many notes, then after each so many more."""
GOOD_A_NOTE = 1.8
"""Other keys are not searched while the best hypothesis scores so much a note."""
HITS = 16
"""The best works of a search become hypotheses."""


class Finder:
    """Looks for what is played from one note on, with ``heard`` since then; follows all that it may be.

    Attributes:
        notes: how many it has heard.
        searching: when false, what was found is followed and nothing else is looked for.
    """

    def __init__(self, identifier: Identifier, heard: Sequence[Heard] = ()) -> None:
        self._identifier = identifier
        self._heard: deque[Heard] = deque(heard, QUERY_NOTES)
        self._hypotheses = Hypotheses()
        self._since_search = 0
        self.notes = len(heard)
        self.searching = True

    def hear(self, note: Heard) -> None:
        """Take in a note; now and then search."""
        self._heard.append(note)
        self._hypotheses.hear(note)
        self.notes += 1
        self._since_search += 1
        if self.searching and self.notes >= MIN_NOTES:
            any_key = (self.notes in ANY_KEY_AT or self.notes % ANY_KEY_EVERY == 0) and not self._is_good()
            every = SAME_KEY_EVERY if self.notes <= EARLY_NOTES else SAME_KEY_EVERY_LATER
            if any_key or self._since_search >= every:
                self._search(any_key)

    def ranked(self) -> list[Hypothesis]:
        """The likeliest hypothesis of each work, best first."""
        return self._hypotheses.ranked()

    def keep(self, count: int) -> None:
        """Forget all but the likeliest hypotheses, and stop searching."""
        self._hypotheses.keep(count)
        self.searching = False

    def _is_good(self) -> bool:
        ranked = self.ranked()
        return bool(ranked) and ranked[0].score >= GOOD_A_NOTE * len(self._heard)

    def _search(self, any_key: bool) -> None:
        heard = list(self._heard)
        times_ms, pitches = zip(*heard, strict=True)
        notes = Notes.of(np.array(times_ms) / 1000.0, np.array(pitches))
        hits = self._identifier.look_up(notes, max_shift=None if any_key else 0)
        self._hypotheses.consider(hits[:HITS], heard)
        self._since_search = 0
