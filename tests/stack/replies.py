"""Waits for what the workers answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.events import DeadLetter, Match

PATIENCE_S = 60.0

T = TypeVar("T")


class Replies:
    """All matches and dead letters since it was made."""

    def __init__(self, reader: EventReader) -> None:
        self._reader = reader
        self.matches: list[Match] = []
        self.dead_letters: list[DeadLetter] = []

    def of_clip(self, clip_id: str) -> Match:
        """The answer to a clip."""
        return self.match(lambda match: match.clip_id == clip_id, f"the clip {clip_id}")

    def match(self, wanted: Callable[[Match], bool], what: str) -> Match:
        """The first match that is wanted."""
        return self._wait(lambda: next(filter(wanted, self.matches), None), what)

    def dead_letter(self, wanted: Callable[[DeadLetter], bool], what: str) -> DeadLetter:
        """The first dead letter that is wanted."""
        return self._wait(lambda: next(filter(wanted, self.dead_letters), None), what)

    def _wait(self, found: Callable[[], T | None], what: str) -> T:
        deadline = time.monotonic() + PATIENCE_S
        while (result := found()) is None:
            assert time.monotonic() < deadline, f"No answer to {what} within {PATIENCE_S:g} s."
            received = self._reader.poll()
            if received is not None and isinstance(received.event, Match):
                self.matches.append(received.event)
            elif received is not None and isinstance(received.event, DeadLetter):
                self.dead_letters.append(received.event)
        return result


@contextmanager
def replies_from_now(settings: Settings, codec: EventCodec) -> Iterator[Replies]:
    """Replies to what is published inside."""
    with EventReader(settings, codec, ["matches", "dead-letters"], "latest") as reader:
        yield Replies(reader)
