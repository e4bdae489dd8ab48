"""Score beats: where a work's beats and downbeats lie on its own clock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class ScoreBeats:
    """A work's beats in order, at least two; all arrays have one entry a beat.

    Attributes:
        time_s: float64, seconds on the work's clock, ascending.
        position: int64, place in the bar; 1 is the downbeat.
        beats_per_bar: int64, beats in the bar's metre; a compound metre such as 6/8 has two.
    """

    time_s: NDArray[np.float64]
    position: NDArray[np.int64]
    beats_per_bar: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.time_s)

    @property
    def downbeat_s(self) -> NDArray[np.float64]:
        """The times of the downbeats, seconds."""
        times: NDArray[np.float64] = self.time_s[self.position == 1]
        return times

    def beat_at(self, time_s: float) -> float:
        """The beat at a time as a fractional index: 2.5 is halfway from the third to the fourth beat.

        Before the first and after the last beat the tempo there goes on, so the result may be negative.
        """
        i = self._interval(int(np.searchsorted(self.time_s, time_s, side="right")))
        return i + (time_s - float(self.time_s[i])) / self._period(i)

    def time_at(self, beat: float) -> float:
        """The time of a fractional beat, seconds: the inverse of ``beat_at``."""
        i = self._interval(int(beat) + 1)
        return float(self.time_s[i]) + (beat - i) * self._period(i)

    def _interval(self, after: int) -> int:
        return min(max(after - 1, 0), len(self.time_s) - 2)

    def _period(self, i: int) -> float:
        return float(self.time_s[i + 1] - self.time_s[i])
