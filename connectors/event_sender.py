"""Events into Kafka from several threads, each delivered when the call returns."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.events import Event


class EventSender:
    """A producer that services share; as a context manager it flushes at the end."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._producer = EventProducer(settings, codec)
        self._lock = threading.Lock()

    def send(self, topic: str, events: Sequence[Event]) -> None:
        """Send events and wait until they are delivered.

        Raises:
            DeliveryError: Kafka did not take them.
            RegistryError: the topic's schema cannot be registered.
        """
        with self._lock:
            for event in events:
                self._producer.send(topic, event)
            self._producer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        with self._lock:
            self._producer.flush()
