"""Follows workers that were started: each becomes ready, or says what it waits for; none holds up the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from .monitor import Finding
from .part import Part

WAITING_S = 10.0
"""What a worker waits for is told when it has been away for so long."""


class Starting:
    """The workers of which nothing is known yet; false when there are none left.

    Args:
        workers: that were started just now.
        timeout_s: then it is told of the others that they are not ready, too.
    """

    def __init__(self, workers: Iterable[Part], timeout_s: float) -> None:
        self._workers = list(workers)
        self._timeout_s = timeout_s
        self._deadline = time.monotonic() + timeout_s
        self._waits_since: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._workers)

    def outcomes(self, find: Callable[[Part], Finding], now: float) -> Iterator[str]:
        """A sentence for each worker of which it is now known how it is.

        Args:
            find: how a worker is.
            now: the monotonic clock.

        Raises:
            StackError: one has ended.
        """
        for worker in [*self._workers]:
            worker.require_running()
            said = self._outcome(worker, find(worker), now)
            if said:
                self._workers.remove(worker)
                yield said

    def _outcome(self, worker: Part, found: Finding, now: float) -> str | None:
        if found.state == "healthy":
            return f"{worker.title}: {found.says}."
        if found.state != "waiting":
            self._waits_since.pop(worker.name, None)
        elif now >= self._waits_since.setdefault(worker.name, now) + WAITING_S:
            return f"{worker.title} waits, and will go on by itself. {found.says}"
        if now >= self._deadline:
            return f"{worker.title} is not ready after {self._timeout_s:g} s; its log is {worker.log}. {found.says}"
        return None
