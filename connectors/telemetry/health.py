"""Whether a worker is alive, and whether it is ready: loops give signs of life, and say what they lack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pulse:
    """The signs of life of one loop.

    Attributes:
        beaten_at: the monotonic clock at the last sign; None while none is expected.
    """

    __slots__ = ("beaten_at",)

    def __init__(self) -> None:
        self.beaten_at: float | None = None

    def beat(self) -> None:
        """I am alive; the next sign comes soon."""
        self.beaten_at = time.monotonic()

    def rest(self) -> None:
        """I have nothing to do; no sign is to be expected."""
        self.beaten_at = None


class Health:
    """Collects what the loops of a process say; may be used from several threads.

    Alive is a process whose loops all gave a sign lately. Ready is one that is alive and lacks nothing.

    Args:
        stuck_s: a loop without a sign of life for so long is stuck.
        redact: takes secrets out of what is told: whoever may ask need not know them.
    """

    def __init__(self, stuck_s: float, redact: Callable[[str], str] = str) -> None:
        self._stuck_s = stuck_s
        self._redact = redact
        self._lock = threading.Lock()
        self._pulses: dict[str, Pulse] = {}
        self._lacks: dict[str, str] = {}
        self._outside: set[str] = set()

    def pulse(self, name: str) -> Pulse:
        """The pulse of a loop."""
        with self._lock:
            return self._pulses.setdefault(name, Pulse())

    def lacks(self, name: str, what: str) -> None:
        """Not ready, for this reason, until ``has`` is said of the same name."""
        with self._lock:
            self._lacks[name] = self._redact(what)
            self._outside.discard(name)

    def waits(self, name: str, what: str) -> None:
        """The same for what is away outside: it goes on by itself when that is back."""
        with self._lock:
            self._lacks[name] = self._redact(what)
            self._outside.add(name)

    def waiting(self) -> list[str]:
        """The names of the problems that lie outside."""
        with self._lock:
            return sorted(self._outside.intersection(self._lacks))

    def has(self, name: str) -> None:
        """What was lacking is there."""
        if name in self._lacks:
            with self._lock:
                self._lacks.pop(name, None)

    def stuck(self) -> dict[str, str]:
        """What is wrong with each loop that is stuck; empty: alive."""
        now = time.monotonic()
        with self._lock:
            ages_s = {
                name: now - beaten_at
                for name, pulse in self._pulses.items()
                if (beaten_at := pulse.beaten_at) is not None
            }
        return {name: f"No sign of life for {age_s:.0f} s." for name, age_s in ages_s.items() if age_s > self._stuck_s}

    def problems(self) -> dict[str, str]:
        """What is wrong or lacking, by name; empty: ready."""
        with self._lock:
            lacking = dict(self._lacks)
        return lacking | self.stuck()
