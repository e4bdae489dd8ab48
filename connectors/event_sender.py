"""Events into Kafka from several threads, each delivered when the call returns."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeAlias

from connectors.producer import DeliveryError, EventProducer
from connectors.registry import EventCodec, RegistryError
from connectors.settings import Settings
from schemas.events import Event

BATCH_CALLS = 256
PATIENCE_S = 1.0

_Call: TypeAlias = tuple[str, Sequence[Event], "Future[None]"]


class EventSender:
    """A producer that services share; as a context manager it flushes at the end.

    One thread sends. What is asked for while it waits for the brokers goes out together, so that many callers do not
    wait for each other one by one.
    """

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._producer = EventProducer(settings, codec)
        self._calls: queue.Queue[_Call | None] = queue.Queue(settings.kafka.queue_max_records)
        self._thread = threading.Thread(target=self._work, name="event-sender", daemon=True)
        self._thread.start()

    def send(self, topic: str, events: Sequence[Event]) -> None:
        """Send events and wait until they are delivered.

        Raises:
            DeliveryError: Kafka did not take them, or too many wait for it.
            RegistryError: the topic's schema cannot be registered.
        """
        done: Future[None] = Future()
        try:
            self._calls.put((topic, events, done), timeout=PATIENCE_S)
        except queue.Full:
            raise DeliveryError("Too many events wait for Kafka. Try again later.", len(events)) from None
        done.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        self._calls.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            calls = [call]
            while len(calls) < BATCH_CALLS:
                try:
                    more = self._calls.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    self._calls.put(None)
                    break
                calls.append(more)
            self._deliver(calls)

    def _deliver(self, calls: Sequence[_Call]) -> None:
        queued: list[Future[None]] = []
        for topic, events, done in calls:
            try:
                for event in events:
                    self._producer.send(topic, event)
                queued.append(done)
            except Exception as error:
                done.set_exception(error)
        try:
            self._producer.flush()
        except (DeliveryError, RegistryError) as error:  # which of them it was is not told: each may be sent again
            for done in queued:
                done.set_exception(error)
        else:
            for done in queued:
                done.set_result(None)
