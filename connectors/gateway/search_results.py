"""Results of searches, out of Kafka to those who wait for them."""

from __future__ import annotations

import asyncio
import threading

import structlog

from connectors.consumer import EventReader
from connectors.kafka_client import KafkaUnavailableError
from connectors.registry import EventCodec, RegistryError
from connectors.settings import Settings
from schemas import topics
from schemas.search import SearchResult

from .results import BusyError

POLL_S = 0.1

log = structlog.get_logger(__name__)


class SearchResults:
    """Used in the event loop; one thread reads the topic ``results``, from the first search on.

    Attributes:
        made_by: the state of the index that the newest result came from; empty before there was one.
    """

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self._waiting: dict[str, asyncio.Future[SearchResult]] = {}
        self._ready: asyncio.Future[None] | None = None
        self._starting = asyncio.Lock()
        self._stop = threading.Event()
        self.made_by = ""

    async def listen(self, query_id: str) -> asyncio.Future[SearchResult]:
        """What will be the result of a query; to be called before the query is published, and ``forget`` at the end.

        Raises:
            KafkaUnavailableError: the results cannot be read now.
            BusyError: too many wait.
        """
        if len(self._waiting) >= self._settings.search.waiting_max:
            raise BusyError(f"{len(self._waiting)} searches are waited for already. Try again later.")
        async with self._starting:
            if self._ready is None:
                loop = asyncio.get_running_loop()
                self._ready = loop.create_future()
                threading.Thread(target=self._read, args=(loop, self._ready), name="results", daemon=True).start()
            try:
                await asyncio.shield(self._ready)
            except KafkaUnavailableError:
                self._ready = None  # the next one tries again
                raise
        future = self._waiting[query_id] = asyncio.get_running_loop().create_future()
        return future

    def forget(self, query_id: str) -> None:
        """Nobody waits for a query any more."""
        self._waiting.pop(query_id, None)

    def close(self) -> None:
        """Read no more."""
        self._stop.set()

    def _read(self, loop: asyncio.AbstractEventLoop, ready: asyncio.Future[None]) -> None:
        try:
            with EventReader(self._settings, self._codec, [topics.RESULTS.name], "latest") as reader:
                loop.call_soon_threadsafe(ready.set_result, None)
                while not self._stop.is_set():
                    received = reader.poll(POLL_S)
                    if received is not None and isinstance(received.event, SearchResult):
                        loop.call_soon_threadsafe(self._take, received.event)
        except (KafkaUnavailableError, RegistryError) as error:
            log.warning("results cannot be read", reason=str(error))
            if not self._stop.is_set():
                loop.call_soon_threadsafe(self._fail, KafkaUnavailableError(str(error)), ready)

    def _take(self, result: SearchResult) -> None:
        self.made_by = result.made_by
        future = self._waiting.get(result.query_id)
        if future is not None and not future.done():
            future.set_result(result)

    def _fail(self, error: KafkaUnavailableError, ready: asyncio.Future[None]) -> None:
        if not ready.done():
            ready.set_exception(error)
            return
        self._ready = None
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
