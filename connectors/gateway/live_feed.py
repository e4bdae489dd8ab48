"""What is said of live sources, out of Kafka to those who follow one.

One thread reads the topics without a group. Whose source nobody follows is counted by its key and not decoded; what is
followed is decoded and encoded once, however many follow. Every gateway reads all, so any of them can be asked.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
import structlog
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from connectors.consumer import EventReader, Received
from connectors.kafka_client import KafkaUnavailableError
from connectors.registry import EventCodec, RegistryError
from connectors.settings import Settings
from schemas import topics

KINDS = {
    topics.MATCHES.name: "match",
    topics.BEATS.name: "beat",
    topics.SECTIONS.name: "section",
    topics.TRIGGERS.name: "trigger",
    topics.ERROR_EVENTS.name: "error",
    topics.INSTRUMENTS.name: "instruments",
}
"""The topics, and what an event of each is called in a stream."""
LIVE = frozenset({topics.BEATS.name, topics.TRIGGERS.name})
"""What is said of those who play live only."""
LOOK_BACK = timedelta(seconds=60)
PING_S = 15.0
RETRY_S = 1.0
POLL_S = 0.1

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SourceSeen:
    """A source, when something was last said of it (milliseconds since the epoch), and whether it plays live."""

    source_id: str
    seen_ms: int
    live: bool


class Follower:
    """One who follows a source; at most ``size`` events wait for it, older ones make room."""

    def __init__(self, size: int) -> None:
        self._waiting: deque[bytes] = deque(maxlen=size)
        self._lost = 0
        self._closed = False
        self._arrived = asyncio.Event()

    def give(self, event: bytes) -> None:
        """Let an event wait."""
        self._lost += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(event)
        self._arrived.set()

    def close(self) -> None:
        """Nothing more comes."""
        self._closed = True
        self._arrived.set()

    async def events(self) -> AsyncIterator[bytes]:
        """Events as they come, a sign of life where none does."""
        while not self._closed:
            try:
                async with asyncio.timeout(PING_S):
                    await self._arrived.wait()
            except TimeoutError:
                yield KEEPALIVE_COMMENT
                continue
            self._arrived.clear()
            if self._lost:
                yield format_sse_event(event="lost", data_str=str(self._lost))
                self._lost = 0
            waiting = b"".join(self._waiting)
            self._waiting.clear()
            if waiting:
                yield waiting


class LiveFeed:
    """Gives followers what is said of their sources. It starts to read when it is first asked for something."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self._limits = settings.gateway
        self._followers: defaultdict[str, set[Follower]] = defaultdict(set)
        self._followed: frozenset[bytes] = frozenset()
        self._seen: OrderedDict[str, SourceSeen] = OrderedDict()
        self._lock = threading.Lock()
        self._arrived: deque[tuple[str, bytes]] = deque()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun_ms = 0.0
        self.problem: str | None = "The topics are not read yet."

    def start(self) -> None:
        """Begin to read, in the background; called in the event loop."""
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._begun_ms = time.time() * 1000.0
            self._thread = threading.Thread(target=self._read, name="live-feed", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End all streams; may be called from any thread."""
        self._stop.set()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_streams)

    def follow(self, source_id: str) -> Follower:
        """Begin to follow a source."""
        self.start()
        follower = Follower(self._limits.stream_queue)
        self._followers[source_id].add(follower)
        self._note_followed()
        return follower

    def leave(self, source_id: str, follower: Follower) -> None:
        """No longer follow it."""
        self._followers[source_id].discard(follower)
        if not self._followers[source_id]:
            del self._followers[source_id]
        self._note_followed()

    @property
    def streams(self) -> int:
        """How many follow."""
        return sum(map(len, self._followers.values()))

    def sources(self, count: int) -> list[SourceSeen]:
        """The sources of which something was said last, newest first."""
        self.start()
        with self._lock:
            known = list(self._seen.values())
        return sorted(known, key=lambda seen: seen.seen_ms, reverse=True)[:count]

    def _end_streams(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.close()

    def _note_followed(self) -> None:
        self._followed = frozenset(source_id.encode() for source_id in self._followers)

    def _read(self) -> None:
        since = datetime.now(UTC) - LOOK_BACK
        while not self._stop.is_set():
            try:
                with EventReader(
                    self._settings, self._codec, list(KINDS), since, lambda key: key in self._followed
                ) as reader:
                    self.problem = None
                    while not self._stop.is_set():
                        received = reader.poll(POLL_S)
                        if received is not None:
                            self._take(received)
            except (KafkaUnavailableError, RegistryError) as error:
                self.problem = str(error)
                log.warning("live sources cannot be read", reason=self.problem)
                since = datetime.now(UTC)
                self._stop.wait(RETRY_S)

    def _take(self, received: Received) -> None:
        source_id = (received.key or b"").decode("utf-8", "replace")
        with self._lock:
            live = received.origin.topic in LIVE or (source_id in self._seen and self._seen[source_id].live)
            self._seen[source_id] = SourceSeen(source_id, received.timestamp_ms, live)
            self._seen.move_to_end(source_id)
            if len(self._seen) > self._limits.sources:
                self._seen.popitem(last=False)
        if received.event is None or received.timestamp_ms < self._begun_ms or self._loop is None:
            return  # what was said before tells who plays, no more
        kind = KINDS[received.origin.topic]
        text = orjson.dumps(received.event).decode()
        quiet = not self._arrived
        self._arrived.append((source_id, format_sse_event(event=kind, id=received.event.event_id, data_str=text)))
        if quiet:  # otherwise the event loop has been called already
            self._loop.call_soon_threadsafe(self._hand_out)

    def _hand_out(self) -> None:
        while self._arrived:
            source_id, event = self._arrived.popleft()
            for follower in self._followers.get(source_id, ()):
                follower.give(event)
