"""A sink: a plain Kafka consumer that writes batches to a destination and commits what is written.

A record's offset is committed after the destination confirmed the batch, never before. A destination that is
away pauses the partitions, so that memory stays bounded while the sink keeps its place in the consumer group.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_when_event_set, wait_exponential

from connectors.consumer import Received
from connectors.dead_letters import dead_letter
from connectors.kafka_client import client_config
from connectors.producer import DeliveryError, EventProducer
from connectors.registry import EventCodec, RegistryUnavailableError
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from connectors.tracing import traceparent_in
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import DeadLetter, Origin

if TYPE_CHECKING:
    from connectors.batches import BatchReader, Records

GROUP_PREFIX = "continuo-"
POLL_S = 0.1
GULP_RECORDS = 64  # records taken from the client at once; bounds what goes over the batch's bytes

log = structlog.get_logger(__name__)


class DestinationUnavailableError(RuntimeError):
    """The destination does not take anything now; the same batch may be taken later."""


class RefusedError(ValueError):
    """The destination does not take this batch, now or later; parts of it may be taken."""


class Destination(Protocol):
    """Where a sink writes. What is written again, or in another order, must change nothing.

    Attributes:
        name: of the sink: its consumer group and its dead letters carry it.
        topics: what it is written from.
        batch_rows: the most records in one batch.
        batch_interval_s: how long a batch gathers after its first record.
    """

    name: str
    topics: tuple[str, ...]
    batch_rows: int
    batch_interval_s: float

    def prepare(self) -> None:
        """Connect, and make what is missing there; called before the first batch and after it was away.

        Raises:
            DestinationUnavailableError: it cannot be prepared now.
        """
        ...

    def write(self, batch: Sequence[Received]) -> None:
        """Write a batch, all of which has an event, or is a tombstone of a compacted topic.

        Raises:
            DestinationUnavailableError: some of it may not have been written; try all of it again.
            RefusedError: a record in it can never be written.
        """
        ...

    def close(self) -> None:
        """Disconnect."""
        ...


@runtime_checkable
class BulkDestination(Destination, Protocol):
    """A destination that can also take the records of a topic without an event for each.

    Attributes:
        readers: of the topics whose records it takes in bulk.
    """

    readers: Mapping[str, BatchReader]

    def write_bulk(self, topic: str, records: Records) -> None:
        """Write all of a batch's records of one topic.

        Raises:
            DestinationUnavailableError: some of it may not have been written; try all of it again.
            RefusedError: it cannot be written like this; ``write`` may be able to, or tells the culprit.
        """
        ...


LATER = (DestinationUnavailableError, RegistryUnavailableError, DeliveryError)


class Sink:
    """Runs one destination.

    Args:
        settings: how to reach Kafka and the registry; limits.
        destination: where to write.
        telemetry: told of what happens.
    """

    def __init__(self, settings: Settings, destination: Destination, telemetry: Telemetry | None = None) -> None:
        self._destination = destination
        self._stage = (telemetry or Telemetry.untold()).stage(destination.name)
        self._limits = settings.limits
        self._batch_max_bytes = settings.sinks.batch_max_bytes
        self._codec = EventCodec(settings)
        self._producer = EventProducer(settings, self._codec)
        self._wait = wait_exponential(settings.sinks.backoff_min_s, settings.sinks.backoff_max_s)
        self._bulk = destination if isinstance(destination, BulkDestination) else None
        self._readers = self._bulk.readers if self._bulk else {}
        self._batch: list[Message] = []
        self._prepared = False
        self._paused = False
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": GROUP_PREFIX + destination.name,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": int(settings.kafka.session_timeout_s * 1000),
                "queued.max.messages.kbytes": settings.kafka.queue_max_bytes >> 10,
            }
        )

    def run(self, stop: threading.Event) -> None:
        """Write what is on the topics until ``stop`` is set; ends without waiting for a destination that is away.

        Raises:
            KafkaException: the brokers refuse for good.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(LATER),
            wait=self._wait,
            sleep=lambda seconds: self._back_off(seconds, stop),
            stop=stop_when_event_set(stop),
            before_sleep=self._tell,
            reraise=True,
        )
        self._consumer.subscribe(
            list(self._destination.topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not stop.is_set():
                self._stage.pulse.beat()
                self._gather()
                if self._batch:
                    retrying(self._deliver)
                    self._go_on()
        except LATER as reason:
            log.warning("stopped while waiting; the next start goes on from here", reason=str(reason))
        finally:
            self._destination.close()
            self._consumer.close()

    def _gather(self) -> None:
        """Wait a moment for a first record, then take what comes until the batch is full or its time is over."""
        self._take(self._consumer.poll(POLL_S))
        if not self._batch:
            return
        deadline = time.monotonic() + self._destination.batch_interval_s
        size = 0
        while size < self._batch_max_bytes and (room := self._destination.batch_rows - len(self._batch)) > 0:
            left_s = deadline - time.monotonic()
            messages = self._consumer.consume(min(room, GULP_RECORDS), max(left_s, 0.0))
            for message in messages:
                self._take(message)
                size += len(message)
            if left_s <= 0.0 and not messages:
                return

    def _take(self, message: Message | None) -> None:
        if message is None:
            return
        error = message.error()
        if error is None:
            self._batch.append(message)
        elif error.fatal():
            raise KafkaException(error)
        else:
            log.warning("waiting for Kafka", reason=error.str())

    def _deliver(self) -> None:
        """Write the batch and commit it; on a rebalance meanwhile, what is left of it."""
        began_ns = time.time_ns()
        if not self._prepared:
            self._destination.prepare()
            self._prepared = True
        count, ends_s = len(self._batch), _ends_s(self._batch)
        good: list[Received] = []
        letters: list[DeadLetter] = []
        try:
            for message in self._write_bulk():
                try:
                    good.append(self._decode(message))
                except UndecodableError as error:
                    letters.append(self._letter(message, "undecodable", str(error)))
            letters += self._write(good)
            if letters:
                for letter in letters:
                    self._producer.send(topics.DEAD_LETTERS.name, letter)
                self._producer.flush()
        except LATER:
            self._prepared = False
            raise
        self._tell_written(count, ends_s, letters, began_ns)
        self._commit()

    def _write_bulk(self) -> list[Message]:
        """Write in bulk what can be, all of a topic or nothing, so that its order stays; gives back the rest."""
        if self._bulk is None:
            return self._batch
        by_topic: defaultdict[str, list[Message]] = defaultdict(list)
        for message in self._batch:
            by_topic[message.topic() or ""].append(message)
        rest: list[Message] = []
        for topic, messages in by_topic.items():
            records = self._read_bulk(topic, messages)
            try:
                if records is None:
                    rest += messages
                else:
                    self._bulk.write_bulk(topic, records)
            except RefusedError as error:
                log.info("one by one", sink=self._destination.name, topic=topic, reason=str(error))
                rest += messages
        return rest

    def _read_bulk(self, topic: str, messages: list[Message]) -> Records | None:
        reader = self._readers.get(topic)
        if reader is None:
            return None
        return reader.read([message.value() for message in messages], self._codec.register(topic))

    def _tell_written(self, count: int, ends_s: list[float], letters: Sequence[DeadLetter], began_ns: int) -> None:
        self._stage.count.taken(ends_s, count)
        self._stage.count.computed((time.time_ns() - began_ns) / 1e9)
        self._stage.count.delivered(ends_s)
        for letter in letters:
            self._stage.sent(topics.DEAD_LETTERS.name, letter)
        if self._stage.traced:
            for message in self._batch:
                if parent := traceparent_in(message.headers()):
                    self._stage.step(parent, _origin(message), began_ns).end()

    def _decode(self, message: Message) -> Received:
        origin = _origin(message)
        value = message.value()
        if value is None:
            if topics.BY_NAME[origin.topic].cleanup != "compact" or message.key() is None:
                raise UndecodableError("The record has no value.")
            return Received(origin, message.key(), message.timestamp()[1], None)
        return Received(origin, message.key(), message.timestamp()[1], self._codec.decode(origin.topic, value))

    def _write(self, batch: Sequence[Received]) -> list[DeadLetter]:
        """Write a batch; what is refused is halved until the culprits are found."""
        if not batch:
            return []
        try:
            self._destination.write(batch)
            return []
        except RefusedError as error:
            if len(batch) == 1:
                message = next(message for message in self._batch if _origin(message) == batch[0].origin)
                return [self._letter(message, "refused", str(error))]
            middle = len(batch) // 2
            return self._write(batch[:middle]) + self._write(batch[middle:])

    def _letter(self, message: Message, error_type: str, reason: str) -> DeadLetter:
        return dead_letter(
            _origin(message),
            message.key(),
            message.value(),
            stage=self._destination.name,
            error_type=error_type,
            message=reason,
            limits=self._limits,
        )

    def _commit(self) -> None:
        newest = {(message.topic(), message.partition()): message for message in self._batch}
        ends = [_origin(message) for message in newest.values()]
        self._batch = []
        if not ends:
            return
        try:
            offsets = [TopicPartition(end.topic, end.partition, end.offset + 1) for end in ends]
            self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:  # the records come again, which changes nothing
            log.warning("not committed", reason=error.args[0].str())

    def _back_off(self, seconds: float, stop: threading.Event) -> None:
        """Wait, polling with all partitions paused, so that the group does not give the sink up."""
        if not self._paused:
            self._paused = True
            self._consumer.pause(self._consumer.assignment())
        deadline = time.monotonic() + seconds
        while not stop.is_set() and (left_s := deadline - time.monotonic()) > 0:
            self._stage.pulse.beat()
            self._take(self._consumer.poll(min(left_s, POLL_S)))

    def _go_on(self) -> None:
        self._stage.going_on()
        if self._paused:
            self._paused = False
            self._consumer.resume(self._consumer.assignment())
            log.info("going on", sink=self._destination.name)

    def _tell(self, state: RetryCallState) -> None:
        assert state.outcome is not None
        self._stage.waiting(state.outcome.exception())
        log.warning("waiting", sink=self._destination.name, reason=str(state.outcome.exception()))

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        consumer.assign(partitions)
        self._stage.assigned()
        if self._paused:
            consumer.pause(partitions)

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._stage.revoked()
        # whoever gets them reads again from the last commit
        gone = {(place.topic, place.partition) for place in partitions}
        self._batch = [message for message in self._batch if (message.topic(), message.partition()) not in gone]


def _ends_s(batch: Sequence[Message]) -> list[float]:
    """When the first and the last record of a batch were sent; to time each would cost more than to write it."""
    return [message.timestamp()[1] / 1000.0 for message in (batch[0], batch[-1])] if batch else []


def _origin(message: Message) -> Origin:
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return Origin(topic, partition, offset)
