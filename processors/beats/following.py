"""Where in a known score a player is, note by note: when each note of the score was struck, to its very onset.

A hidden Markov model over the score's onset groups, followed by its best path (as in Nakamura et al., "Real-time
audio-to-score alignment of music performances containing errors and arbitrary repeats and skips", TASLP 2016, but for
notes and without the repeats, which the catalogue search finds). Each group remembers when it was reached, so that the
time which a step took is compared with the time which it should take, whatever was played in between.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.identify.compiled import compiled

BEHIND, AHEAD = 24, 40
"""Groups before and after the likeliest that are kept."""
STEP_SPREAD = 0.35
"""Deviation of the logarithm of a step's length from what the tempo says."""
EASE_S = 0.04
"""Added to lengths before they are compared: chords are spread, fast notes uneven."""
WORST_STEP = 7.0
SKIPPED = 0.9
"""Cost of a group that is passed over."""
CHORD_S = 0.10
LATE_IN_CHORD = 0.4
"""Cost of another note of the group within ``CHORD_S``, and ..."""
REPEATED = 2.0
"""... after it."""
STRANGE = 3.5
"""Cost of a note that is not in the score here."""
IMPOSSIBLE = -1e9


class ScoreFollower:
    """Follows one player through one work, from a place that is roughly known.

    Args:
        onset_s: float64 [notes], of the work, ascending.
        pitch: uint8 [notes].
        shift: semitones that the player is above the work.
    """

    def __init__(self, onset_s: NDArray[np.float64], pitch: NDArray[np.uint8], shift: int) -> None:
        first = np.flatnonzero(np.diff(onset_s, prepend=-1e9) > 0.004)
        self.group_s = onset_s[first]
        self._bounds = np.append(first, len(onset_s)).astype(np.int64)
        self._pitch = pitch.astype(np.int64) + shift
        self._cost = np.full(len(first), IMPOSSIBLE)
        self._reached_s = np.zeros(len(first))
        self._low = self._high = 0

    def begin(self, heard_s: float, work_s: float) -> None:
        """The player has just struck the group at ``work_s``."""
        self._cost[:] = IMPOSSIBLE
        group = int(np.clip(np.searchsorted(self.group_s, work_s - 0.01), 0, len(self.group_s) - 1))
        self._low, self._high = max(group - 4, 0), min(group + 4, len(self.group_s) - 1)
        for near in range(self._low, self._high + 1):
            self._cost[near] = -2.0 * abs(near - group)
        self._reached_s[self._low : self._high + 1] = heard_s

    def add(self, heard_s: float, pitch: int, pace: float) -> tuple[float, float] | None:
        """A note was struck; the latest group and when it was reached, (work_s, heard_s), if it is a new one.

        Args:
            heard_s: on the player's clock.
            pitch: of the note.
            pace: the player's seconds for one of the work's.
        """
        best, is_new = _follow(
            self._cost,
            self._reached_s,
            self.group_s,
            self._bounds,
            self._pitch,
            self._low,
            self._high,
            heard_s,
            pitch,
            pace,
        )
        self._low = max(best - BEHIND, 0)
        self._high = min(best + AHEAD, len(self.group_s) - 1)
        return (float(self.group_s[best]), float(self._reached_s[best])) if is_new else None


@compiled
def _follow(
    cost: NDArray[np.float64],
    reached_s: NDArray[np.float64],
    group_s: NDArray[np.float64],
    bounds: NDArray[np.int64],
    pitches: NDArray[np.int64],
    low: int,
    high: int,
    heard_s: float,
    pitch: int,
    pace: float,
) -> tuple[int, bool]:
    """One note of the best path; the likeliest group, and whether it was reached by this note."""
    top = min(high + AHEAD, len(cost) - 1)
    after = np.full(top - low + 1, IMPOSSIBLE)
    when = np.zeros(top - low + 1)
    for i in range(low, top + 1):
        struck = False
        for n in range(bounds[i], bounds[i + 1]):
            if pitches[n] == pitch:
                struck = True
        if i <= high and cost[i] > IMPOSSIBLE / 2:
            stay = STRANGE
            if struck:
                stay = LATE_IN_CHORD if heard_s - reached_s[i] < CHORD_S else REPEATED
            after[i - low] = cost[i] - stay
            when[i - low] = reached_s[i]
        if not struck:
            continue
        for j in range(max(low, i - 12), min(i, high + 1)):
            if cost[j] <= IMPOSSIBLE / 2:
                continue
            took_s = heard_s - reached_s[j]
            should_s = (group_s[i] - group_s[j]) * pace
            error = np.log((max(took_s, 0.0) + EASE_S) / (should_s + EASE_S)) / STEP_SPREAD
            step = cost[j] - min(0.5 * error * error, WORST_STEP) - SKIPPED * (i - j - 1)
            if step > after[i - low]:
                after[i - low] = step
                when[i - low] = heard_s
    best = 0
    for k in range(len(after)):
        if after[k] > after[best]:
            best = k
    highest = after[best]
    for k in range(len(after)):
        cost[low + k] = after[k] - highest if after[k] > highest - 30.0 else IMPOSSIBLE
        reached_s[low + k] = when[k]
    return low + best, when[best] == heard_s
