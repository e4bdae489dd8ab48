"""Follow the answers on ``matches`` until they cease."""

from __future__ import annotations

import time
from collections.abc import Iterator

from connectors.consumer import EventReader
from schemas.events import Match


def matches(reader: EventReader, silence_s: float) -> Iterator[Match]:
    """Answer after answer, until none has come for ``silence_s``."""
    heard_at = time.monotonic()
    while time.monotonic() - heard_at < silence_s:
        received = reader.poll()
        if received and isinstance(received.event, Match):
            heard_at = time.monotonic()
            yield received.event
