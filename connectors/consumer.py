"""Events out of Kafka for one who looks on: from a chosen place, without a group, nothing committed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Self

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, Message, TopicPartition
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from connectors.kafka_client import KafkaUnavailableError, client_config, partitions_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.codec import UndecodableError
from schemas.events import Event, Origin

POLL_S = 0.2
NO_LEADER_YET = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})

Start = Literal["earliest", "latest"] | datetime


@dataclass(frozen=True, slots=True)
class Received:
    """One record.

    Attributes:
        origin: where it lies.
        key: its key.
        timestamp_ms: when it was sent, milliseconds since the epoch.
        event: the event; None for a tombstone, when it cannot be decoded, or when nobody wants it.
        problem: why it cannot be decoded, if so.
    """

    origin: Origin
    key: bytes | None
    timestamp_ms: int
    event: Event | None
    problem: str | None = None


class EventReader:
    """Reads all partitions of some topics.

    Places are fixed when it is made: with ``latest``, what is sent after that is seen.

    Args:
        settings: how to reach the brokers.
        codec: decodes the events.
        topics: what to read.
        start: ``earliest``, ``latest``, or the moment from which records are read.
        wanted: whether the records of a key are decoded; all are by default. Others come without their event.

    Raises:
        KafkaUnavailableError: the brokers do not answer or lack a topic.
    """

    def __init__(
        self,
        settings: Settings,
        codec: EventCodec,
        topics: Sequence[str],
        start: Start = "earliest",
        wanted: Callable[[bytes | None], bool] = lambda key: True,
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._wanted = wanted
        self._timeout_s = settings.kafka.connect_timeout_s
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": "continuo-reader",  # asked for by the library; nothing joins or commits
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": settings.kafka.queue_max_bytes >> 10,
            }
        )
        self._open: dict[tuple[str, int], int] = {}
        try:
            places = [
                TopicPartition(topic, partition)
                for topic in topics
                for partition in partitions_of(self._consumer, topic, settings)
            ]
            settled = Retrying(
                retry=retry_if_exception(_passes),  # partitions that were created just now have no leader yet
                wait=wait_fixed(POLL_S),
                stop=stop_after_delay(self._timeout_s),
                reraise=True,
            )
            self._consumer.assign(settled(self._at, places, start))
        except KafkaException as error:
            self._consumer.close()
            raise KafkaUnavailableError(f"The topics cannot be read: {error.args[0].str()}.") from error
        except BaseException:
            self._consumer.close()
            raise

    def poll(self, timeout_s: float = POLL_S) -> Received | None:
        """The next record, or None when there is none within ``timeout_s`` or the last end was just reached.

        Raises:
            KafkaUnavailableError: the brokers refuse to be read. When they are only away, it waits.
            RegistryUnavailableError: a schema was never seen and the registry is away.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            message = self._consumer.poll(max(0.0, deadline - time.monotonic()))
            if message is None:
                return None
            error = message.error()
            if error is None:
                return self._received(message)
            if error.code() == KafkaError._PARTITION_EOF:
                self._reached(message)
                if not self._open:
                    return None
            elif not error.retriable() and error.code() != KafkaError._ALL_BROKERS_DOWN:
                raise KafkaUnavailableError(f"Kafka refuses to be read: {error.str()}.")

    def events(self, stop: threading.Event | None = None) -> Iterator[Received]:
        """Record after record, until ``stop`` is set."""
        while not (stop and stop.is_set()):
            received = self.poll()
            if received is not None:
                yield received

    def to_end(self) -> Iterator[Received]:
        """Record after record, until what was there when the reader was made is read."""
        while self._open:
            received = self.poll()
            if received is not None:
                yield received

    def close(self) -> None:
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        self.close()

    def _at(self, places: list[TopicPartition], start: Start) -> list[TopicPartition]:
        if isinstance(start, datetime):
            moment_ms = int(start.timestamp() * 1000)
            asked = [TopicPartition(place.topic, place.partition, moment_ms) for place in places]
            places = self._consumer.offsets_for_times(asked, timeout=self._timeout_s)
        for place in places:
            first, end = self._consumer.get_watermark_offsets(place, timeout=self._timeout_s)
            if start == "earliest":
                place.offset = first
            elif start == "latest" or place.offset == OFFSET_END:
                place.offset = end
            if place.offset < end:
                self._open[place.topic, place.partition] = end
        return places

    def _reached(self, message: Message) -> None:
        # at a partition's end there may be gaps: then only the library's own end-of-partition tells
        place = (message.topic() or "", message.partition() or 0)
        if message.error() is not None or (message.offset() or 0) + 1 >= self._open.get(place, 0):
            self._open.pop(place, None)

    def _received(self, message: Message) -> Received:
        self._reached(message)
        origin = Origin(message.topic() or "", message.partition() or 0, message.offset() or 0)
        key, value, timestamp_ms = message.key(), message.value(), message.timestamp()[1]
        if value is None or not self._wanted(key):
            return Received(origin, key, timestamp_ms, None)
        try:
            return Received(origin, key, timestamp_ms, self._codec.decode(origin.topic, value))
        except UndecodableError as error:
            return Received(origin, key, timestamp_ms, None, str(error))


def _passes(error: BaseException) -> bool:
    return isinstance(error, KafkaException) and error.args[0].code() in NO_LEADER_YET
