"""Looks on from outside: how long no answer came, and how long one event had to wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas import topics
from schemas.events import Match


class Watch:
    """Reads ``matches`` while the block runs.

    Args:
        clip_sent_at: when each clip was sent, by ``time.monotonic``.
    """

    def __init__(self, settings: Settings, codec: EventCodec, clip_sent_at: Mapping[str, float]) -> None:
        self._settings = settings
        self._codec = codec
        self._clip_sent_at = clip_sent_at
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._last: dict[str, float] = {}
        self.worst_pause_s: dict[str, float] = {}
        self.worst_wait_s = 0.0
        self.answers = 0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _read(self) -> None:
        answered: set[str] = set()
        with EventReader(self._settings, self._codec, [topics.MATCHES.name], "latest") as reader:
            for received in reader.events(self._stop):
                match = received.event
                if not isinstance(match, Match):
                    continue
                now = time.monotonic()
                self.answers += 1
                pause_s = now - self._last.get(match.kind, now)
                self._last[match.kind] = now
                self.worst_pause_s[match.kind] = max(pause_s, self.worst_pause_s.get(match.kind, 0.0))
                if match.clip_id and match.clip_id in self._clip_sent_at and match.clip_id not in answered:
                    answered.add(match.clip_id)
                    self.worst_wait_s = max(self.worst_wait_s, now - self._clip_sent_at[match.clip_id])
