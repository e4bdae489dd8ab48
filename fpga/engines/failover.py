"""A board with a stand-in: when it stops answering the CPU takes over, with the same bits, until it is back."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from schemas.rhythm import Engine as EngineName

from .engine import Codes, Engine, EngineError, Logits, States

log = structlog.get_logger(__name__)


class FailoverEngine:
    """See ``Engine``; ``name`` and ``version`` are of the engine that made the latest step.

    Args:
        connect: makes the first choice; raises ``EngineError`` while it is away.
        stand_in: an engine of the same network.
        retry_s: after so long the first choice is tried again.
        clock_s: tells the time.

    Attributes:
        failovers: how often the stand-in took over.
    """

    def __init__(
        self, connect: Callable[[], Engine], stand_in: Engine, retry_s: float, clock_s: Callable[[], float]
    ) -> None:
        self._connect = connect
        self._stand_in = stand_in
        self._retry_s = retry_s
        self._clock_s = clock_s
        self._first: Engine | None = None
        self._retry_at_s = -float("inf")
        self._away = False
        self.failovers = 0
        self.name: EngineName = stand_in.name
        self.version = stand_in.version
        self.state_size = stand_in.state_size

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each source; see ``Engine``. A step that the first choice fails is made by the stand-in."""
        if self._first is None and self._clock_s() >= self._retry_at_s:
            self._try_to_connect()
        if self._first is not None:
            try:
                answer = self._first.step(codes, states)
            except EngineError as error:
                self._lost(str(error))
            else:
                self.name = self._first.name
                return answer
        self.name = self._stand_in.name
        return self._stand_in.step(codes, states)

    def close(self) -> None:
        """Let go of both."""
        if self._first is not None:
            self._first.close()
        self._stand_in.close()

    def _try_to_connect(self) -> None:
        try:
            self._first = self._connect()
        except EngineError as error:
            self._lost(str(error))
            return
        if self._away:
            log.info("the board is back", board=self._first.name)
        self._away = False

    def _lost(self, reason: str) -> None:
        if self._first is not None:
            self._first.close()
            self._first = None
        if not self._away:
            self.failovers += 1
            log.warning("the board is away: the CPU takes over", reason=reason, engine=self._stand_in.name)
        self._away = True
        self._retry_at_s = self._clock_s() + self._retry_s
