"""State by source: bounded, and forgotten when the source has been silent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Sources(Generic[T]):
    """One state for each source that was heard lately.

    Args:
        make: makes the state of a source that is new.
        max_sources: the most that are remembered; the longest silent go first.
        expiry_s: a source silent for so long, by the records' own clock, is forgotten.
    """

    def __init__(self, make: Callable[[], T], max_sources: int, expiry_s: float) -> None:
        self._make = make
        self._max_sources = max_sources
        self._expiry_s = expiry_s
        self._held: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def heard(self, source_id: str, now_s: float) -> T:
        """The state of a source of which a record sent at ``now_s`` has arrived."""
        held = self._held.get(source_id)
        state, last_s = held if held is not None else (self._make(), now_s)
        self._held[source_id] = (state, max(now_s, last_s))
        self._held.move_to_end(source_id)
        while len(self._held) > self._max_sources or self._oldest_s() < now_s - self._expiry_s:
            self._held.popitem(last=False)
        return state

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """Source and state of each, the longest silent first."""
        return ((source_id, state) for source_id, (state, _) in self._held.items())

    def _oldest_s(self) -> float:
        return next(iter(self._held.values()))[1]
