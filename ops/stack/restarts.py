"""When a part that died may start again."""

from __future__ import annotations

from collections import deque

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 2.0


class RestartBudget:
    """Pauses that double with every recent death, and an end to it: a part that keeps dying is given up.

    Args:
        limit: how many deaths are forgiven within ``window_s``.
        window_s: deaths longer ago are forgotten.
    """

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._deaths: deque[float] = deque()
        self.restarts = 0

    def died(self, now_s: float) -> None:
        """Count a death."""
        while self._deaths and now_s - self._deaths[0] > self._window_s:
            self._deaths.popleft()
        self._deaths.append(now_s)

    def restarted(self) -> None:
        """Count a new start."""
        self.restarts += 1

    @property
    def exhausted(self) -> bool:
        """It has died too often."""
        return len(self._deaths) > self._limit

    def may_start(self, now_s: float) -> bool:
        """The pause after the last death is over, and it is not exhausted."""
        if self.exhausted:
            return False
        if not self._deaths:
            return True
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (len(self._deaths) - 1))
        return bool(now_s - self._deaths[-1] >= pause_s)
