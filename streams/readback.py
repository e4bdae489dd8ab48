"""Reads records again that came before one: state that only lives in memory is rebuilt from its own topic."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from connectors.kafka_client import client_config
from connectors.settings import Settings

from .records import Record

TIMEOUT_S = 10.0
POLL_S = 0.2
BATCH = 1_000


class ReadbackUnavailableError(RuntimeError):
    """The brokers do not give the records now; they may later."""


class Readback:
    """Reads stretches of partitions, outside of any consumer group. May be used by one thread at a time.

    Args:
        settings: where the brokers are.
        max_events: the most records to read again in one go; the newest count.
    """

    def __init__(self, settings: Settings, max_events: int) -> None:
        self._max_events = max_events
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": "continuo-readback",  # demanded by the client; nothing is subscribed or committed
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )

    def before(self, record: Record, seconds: float) -> Iterator[Record]:
        """The records of the same partition sent in the ``seconds`` before ``record``, in order.

        Raises:
            ReadbackUnavailableError: the brokers do not answer in time.
        """
        try:
            start = self._start(record, seconds)
            if start >= record.offset:
                return
            self._consumer.assign([TopicPartition(record.topic, record.partition, start)])
            try:
                yield from self._until(record.offset)
            finally:
                self._consumer.unassign()
        except KafkaException as error:
            raise ReadbackUnavailableError(
                f"Partition {record.partition} of {record.topic} cannot be read again: {error.args[0].str()}."
            ) from error

    def tail(
        self,
        topic: str,
        partition: int,
        since_s: float,
        *,
        from_offset: int | None = None,
        to_offset: int | None = None,
    ) -> Iterator[Record]:
        """The records sent since a moment, in order.

        Args:
            since_s: the moment, seconds since the epoch.
            from_offset: begin here if this is earlier.
            to_offset: end before this; by default at the partition's end as it is now.

        Raises:
            ReadbackUnavailableError: the brokers do not answer in time.
        """
        place = TopicPartition(topic, partition)
        try:
            first, end = self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
            end = end if to_offset is None else min(end, to_offset)
            if first >= end:
                return
            (found,) = self._consumer.offsets_for_times(
                [TopicPartition(topic, partition, max(0, int(since_s * 1000)))], timeout=TIMEOUT_S
            )
            start = end if found.offset < 0 else found.offset
            if from_offset is not None:
                start = min(start, from_offset)
            start = max(first, start, end - self._max_events)
            if start >= end:
                return
            self._consumer.assign([TopicPartition(topic, partition, start)])
            try:
                yield from self._until(end)
            finally:
                self._consumer.unassign()
        except KafkaException as error:
            raise ReadbackUnavailableError(
                f"Partition {partition} of {topic} cannot be read again: {error.args[0].str()}."
            ) from error

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _start(self, record: Record, seconds: float) -> int:
        place = TopicPartition(record.topic, record.partition)
        first, _ = self._consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
        since_ms = max(0, int((record.timestamp_s - seconds) * 1000))
        (found,) = self._consumer.offsets_for_times(
            [TopicPartition(record.topic, record.partition, since_ms)], timeout=TIMEOUT_S
        )
        if found.offset < 0:  # nothing as young as that
            return record.offset
        return max(first, found.offset, record.offset - self._max_events)

    def _until(self, end: int) -> Iterator[Record]:
        deadline = time.monotonic() + TIMEOUT_S
        while time.monotonic() < deadline:
            first = self._consumer.poll(POLL_S)  # more come with it; to wait for a full batch would take its time
            for message in [first, *self._consumer.consume(BATCH, 0.0)] if first is not None else []:
                offset = _offset_of(message)
                if offset < end:
                    yield Record.of_confluent(message)
                if offset >= end - 1:
                    return
                deadline = time.monotonic() + TIMEOUT_S
        raise ReadbackUnavailableError(f"The brokers stopped giving records after {TIMEOUT_S:g} s of waiting.")


def _offset_of(message: Message) -> int:
    error = message.error()
    if error is not None:
        raise KafkaException(error)
    offset = message.offset()
    assert offset is not None
    return offset
