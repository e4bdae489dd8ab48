"""What is known of one input partition: one byte an offset."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

ANSWERED = np.uint8(1)
REFUSED = np.uint8(2)
ELSEWHERE = np.uint8(4)
"""It wants what is answered on another topic."""


@dataclass(slots=True)
class Ledger:
    """Results found for the records from offset ``first`` to before ``end``.

    Attributes:
        passed: offsets below it were acknowledged by the workers.
        repeated: results beyond the first of their kind for the same record.
    """

    first: int
    end: int
    passed: int
    repeated: int = 0
    _marks: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self._marks = np.zeros(max(0, self.end - self.first), np.uint8)

    def note(self, offset: int, mark: np.uint8) -> None:
        """A result for the record at ``offset`` was found; offsets outside are ignored."""
        if self.first <= offset < self.end:
            self.repeated += bool(self._marks[offset - self.first] & mark)
            self._marks[offset - self.first] |= mark

    def answered(self) -> NDArray[np.int64]:
        """Offsets with an answer."""
        return self._with(ANSWERED)

    def refused(self) -> NDArray[np.int64]:
        """Offsets with a dead letter."""
        return self._with(REFUSED)

    def without_result(self, cumulative: bool) -> NDArray[np.int64]:
        """Offsets with neither.

        Args:
            cumulative: an answer also covers all offsets below it, as a live source's running answer does.
        """
        missing = np.flatnonzero(self._marks == 0).astype(np.int64) + self.first
        answered = self.answered()
        return missing[missing > answered[-1]] if cumulative and len(answered) else missing

    def _with(self, mark: np.uint8) -> NDArray[np.int64]:
        return np.flatnonzero(self._marks & mark).astype(np.int64) + self.first
