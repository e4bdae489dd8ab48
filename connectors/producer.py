"""Events into Kafka: idempotent, in order, with a bounded queue, and no failure left unsaid."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaException, Message, Producer

from connectors.kafka_client import client_config, partitions_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.tracing import headers_with
from schemas.bulk import BulkTask
from schemas.events import Event, Work
from schemas.topics import TOPICS

POLL_S = 0.05
REASONS_SHOWN = 3


class DeliveryError(RuntimeError):
    """Kafka did not take an event.

    Attributes:
        count: how many events were not delivered.
    """

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


def key_of(event: Event) -> bytes:
    """The record's key: a work's own id, a bulk task's content, otherwise the source, whose events so stay in order."""
    match event:
        case Work():
            return event.work_id.encode()
        case BulkTask():  # equal files meet in one worker, which computes them once
            return event.sha256.encode()
        case _:
            return event.source_id.encode()


class EventProducer:
    """Sends events of any topic. As a context manager it flushes at the end.

    Deliveries are acknowledged by all replicas in sync and tried again without making doubles or
    changing the order, until ``kafka.delivery_timeout_s``. Not for use from several threads.
    """

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self._settings = settings
        self._codec = codec
        self._timeout_s = settings.kafka.delivery_timeout_s
        self._undelivered = 0
        self._reasons: list[str] = []
        self._producer = Producer(
            client_config(settings)
            | {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 0,  # an event that waits alone is late; under load batches form by themselves
                "partitioner": "murmur2_random",  # as Java's clients and Faust choose
                "delivery.timeout.ms": int(self._timeout_s * 1000),
                "message.max.bytes": max(topic.max_message_bytes for topic in TOPICS),
                "queue.buffering.max.messages": settings.kafka.queue_max_records,
                "queue.buffering.max.kbytes": settings.kafka.queue_max_bytes >> 10,
            }
        )

    def require(self, topic: str) -> None:
        """Make sure that the brokers have ``topic`` and the registry its schema, before anything waits for them.

        Raises:
            KafkaUnavailableError: the brokers do not answer or lack the topic.
            RegistryError: the schema cannot be registered.
        """
        partitions_of(self._producer, topic, self._settings)
        self._codec.register(topic)

    def send(self, topic: str, event: Event, traceparent: str | None = None) -> None:
        """Queue one event; waits while the queue is full.

        Args:
            traceparent: the step of a trace that sends it, for the headers; by default the event's trace context.

        Raises:
            DeliveryError: the event is too large, or the queue stayed full for ``kafka.delivery_timeout_s``.
            RegistryError: the topic's schema cannot be registered.
        """
        headers = headers_with(traceparent or event.trace_context)
        self._enqueue(topic, key_of(event), self._codec.encode(topic, event), headers)

    def send_tombstone(self, topic: str, key: str) -> None:
        """Queue the removal of ``key`` from a compacted topic; raises as ``send``."""
        self._enqueue(topic, key.encode(), None, None)

    def poll(self) -> None:
        """Hear of deliveries; call it now and then while nothing is sent.

        Raises:
            DeliveryError: some events were not delivered.
        """
        self._producer.poll(0)
        self._raise_undelivered()

    def flush(self) -> None:
        """Wait until every event is delivered.

        Raises:
            DeliveryError: some were not, since the last time this was raised.
        """
        waiting = self._producer.flush(self._timeout_s + 1.0)
        if waiting:
            self._note(waiting, f"no answer from {self._settings.bootstrap_servers}")
        self._raise_undelivered()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        if kind is None:
            self.flush()
        else:
            self._producer.flush(self._settings.kafka.connect_timeout_s)

    def _enqueue(self, topic: str, key: bytes, value: bytes | None, headers: Any) -> None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers, on_delivery=self._on_delivery)
            except BufferError:
                if time.monotonic() > deadline:
                    raise DeliveryError(
                        f"The queue to Kafka at {self._settings.bootstrap_servers} has been full for "
                        f"{self._timeout_s:g} s. Check that the brokers run.",
                        1,
                    ) from None
                self._producer.poll(POLL_S)
            except KafkaException as error:
                raise DeliveryError(f"Kafka refuses the event for {topic!r}: {error.args[0].str()}.", 1) from error
            else:
                self._producer.poll(0)
                return

    def _on_delivery(self, error: Any, message: Message) -> None:
        if error is not None:
            self._note(1, error.str())

    def _note(self, count: int, reason: str) -> None:
        self._undelivered += count
        if reason not in self._reasons and len(self._reasons) < REASONS_SHOWN:
            self._reasons.append(reason)

    def _raise_undelivered(self) -> None:
        if not self._undelivered:
            return
        count, reasons = self._undelivered, self._reasons
        self._undelivered, self._reasons = 0, []
        raise DeliveryError(f"{count} events were not delivered to Kafka: {'; '.join(reasons)}.", count)
