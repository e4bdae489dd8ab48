"""The loop of agents that also act on their own, at a time: no Faust, one consumer, one thread.

Records are taken as they come, and between them the agent is asked what has fallen due. What an agent says is on the
brokers before the records that led to it are committed. When partitions change hands the agent is told at once, so
that it can rebuild its state from the log and miss nothing that falls due before the next record.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence, Sized
from typing import NamedTuple, Protocol

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from tenacity import Retrying, sleep_using_event, stop_when_event_set

from connectors.dead_letters import dead_letter
from connectors.kafka_client import client_config
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from schemas import topics
from schemas.events import Event, Origin

from .groups import COMMIT_INTERVAL_S, group_of
from .later import LATER, retry_later
from .records import Record

IDLE_S = 0.1
"""How long is waited for a record while nothing falls due."""
AHEAD_RECORDS, AHEAD_BYTES = 1_000, 128 << 10
"""Of each partition: read ahead at the most, and fetched at once."""
OFFSETS_TIMEOUT_S = 10.0
GIL_SWITCH_INTERVAL_S = 0.0005

log = structlog.get_logger(__name__)


class Said(NamedTuple):
    """An event to be sent."""

    topic: str
    event: Event


class Agent(Protocol):
    """What the loop runs; called by one thread.

    Attributes:
        name: of the stage: its consumer group and its dead letters carry it.
        topics: its inputs, which have the same number of partitions; the same numbers of each are given to one worker.
        passing: those of its topics whose records are worth nothing once newer ones are there: a group that has never
            read them begins at their ends, where it begins the others at their beginnings.
        sources: those that it remembers.
    """

    name: str
    topics: tuple[str, ...]
    passing: frozenset[str]

    @property
    def sources(self) -> Sized: ...

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """From now on these partitions, by topic and number, are this worker's, and no others.

        Args:
            committed: for each, the offset that is delivered next; -1 where nothing was committed.

        Raises:
            ReadbackUnavailableError, RegistryUnavailableError: try again later.
        """
        ...

    def hear(self, records: Sequence[Record]) -> Sequence[Said]:
        """What follows from records that arrived, among them perhaps some that were heard before.

        Raises:
            RegistryUnavailableError: try again later, with the same records.
        """
        ...

    def due_at_s(self) -> float | None:
        """When it wants to act next, seconds since the epoch."""
        ...

    def act(self, now_s: float) -> Sequence[Said]:
        """What has fallen due by ``now_s``."""
        ...


class TimedLoop:
    """Runs one agent.

    Args:
        settings: how to reach Kafka; how many records are taken at once.
        codec: its schemas are registered.
        agent: what to run.
        telemetry: told of what happens.
    """

    def __init__(self, settings: Settings, codec: EventCodec, agent: Agent, telemetry: Telemetry | None = None) -> None:
        self._agent = agent
        self._stage = (telemetry or Telemetry.untold()).stage(agent.name)
        self._stage.count.remembers(agent.sources)
        self._producer = EventProducer(settings, codec)
        self._in_flight = settings.limits.in_flight
        self._owned: dict[tuple[str, int], int] | None = None
        self._reassigned = False
        static = {"group.instance.id": settings.kafka.instance_id} if settings.kafka.instance_id else {}
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": group_of(agent.name),
                "partition.assignment.strategy": "range",  # gives the same numbers of each topic to one worker
                "enable.auto.commit": True,
                "enable.auto.offset.store": False,  # what is committed is stored below, once its outputs are sent
                "auto.commit.interval.ms": int(COMMIT_INTERVAL_S * 1000),
                "auto.offset.reset": "earliest",
                "session.timeout.ms": int(settings.kafka.session_timeout_s * 1000),
                "queued.max.messages.kbytes": settings.kafka.queue_max_bytes >> 10,
                # by itself it reads 100,000 records of each partition ahead, and a megabyte of each at once, which a
                # worker that lags keeps in memory
                "queued.min.messages": AHEAD_RECORDS,
                "fetch.message.max.bytes": AHEAD_BYTES,
                "fetch.wait.max.ms": 50,
            }
            | static
        )

    def run(self, stop: threading.Event) -> None:
        """Run until ``stop`` is set.

        Raises:
            DeliveryError: what the agent said could not be delivered; another worker takes over.
            KafkaException: the brokers refuse for good.
        """
        retrying = Retrying(sleep=sleep_using_event(stop), stop=stop_when_event_set(stop), **retry_later(self._stage))
        self._consumer.subscribe(
            list(self._agent.topics), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        try:
            while not stop.is_set():
                self._stage.pulse.beat()
                records = self._take()
                if self._reassigned:
                    retrying(self._take_over)
                records = [record for record in records if (record.topic, record.partition) in (self._owned or {})]
                began_ns = time.time_ns()
                said = self._hear(retrying, records) if records else []
                self._deliver([*said, *self._agent.act(time.time())], records, began_ns)
                self._store(records)
        except LATER:
            log.info("stopped while waiting; another worker goes on from here", worker=self._agent.name)
        finally:
            self._consumer.close()

    def _take(self) -> list[Record]:
        """The records that are there, after waiting for one until something falls due."""
        due_at_s = self._agent.due_at_s()
        wait_s = IDLE_S if due_at_s is None else min(IDLE_S, max(0.0, due_at_s - time.time()))
        messages = [self._consumer.poll(wait_s)]
        if messages[0] is not None:
            messages += self._consumer.consume(self._in_flight - 1, 0.0)
        records = []
        for message in messages:
            error = message.error() if message is not None else None
            if error is not None and error.fatal():
                raise KafkaException(error)
            if error is not None:
                log.warning("waiting for Kafka", reason=error.str())
            elif message is not None:
                records.append(Record.of_confluent(message))
        return records

    def _hear(self, retrying: Retrying, records: Sequence[Record]) -> list[Said]:
        self._stage.count.taken(record.timestamp_s for record in records)
        said = retrying(self._hear_once, records)
        self._stage.going_on()
        return said

    def _hear_once(self, records: Sequence[Record]) -> list[Said]:
        started = time.perf_counter()
        said = [*self._agent.hear(records)]
        self._stage.count.computed(time.perf_counter() - started)
        return said

    def _deliver(self, said: Sequence[Said], records: Sequence[Record], began_ns: int) -> None:
        if said:
            parents: dict[Origin, str | None] = {record.origin: record.traceparent for record in records}
            spans = [self._stage.span(event, parents, began_ns) for _, event in said]
            for (topic, event), span in zip(said, spans, strict=True):
                self._producer.send(topic, event, span.traceparent)
            self._producer.flush()
            for (topic, event), span in zip(said, spans, strict=True):
                span.end()
                self._stage.sent(topic, event)
        self._stage.count.delivered(record.timestamp_s for record in records)

    def _store(self, records: Sequence[Record]) -> None:
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        if ends:
            self._consumer.store_offsets(offsets=[TopicPartition(*place, offset) for place, offset in ends.items()])

    def _take_over(self) -> None:
        self._agent.take_over(self._owned or {})
        self._reassigned = False
        self._stage.going_on()
        if self._owned is not None:
            self._stage.assigned()

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        committed = consumer.committed(partitions, timeout=OFFSETS_TIMEOUT_S)
        self._owned = {(place.topic, place.partition): max(place.offset, -1) for place in committed}
        new = [place for place in committed if place.offset < 0 and place.topic in self._agent.passing]
        for place in new:
            _, place.offset = consumer.get_watermark_offsets(place, timeout=OFFSETS_TIMEOUT_S)
        consumer.assign(committed)
        if new:
            consumer.store_offsets(offsets=new)
        self._reassigned = True

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned = None
        self._reassigned = True
        self._stage.revoked()


def run_together(
    settings: Settings,
    codec: EventCodec,
    agents: Sequence[Agent],
    stop: threading.Event,
    telemetry: Telemetry | None = None,
) -> None:
    """Run agents, each in a thread, until ``stop`` is set or one fails; then all stop.

    Raises:
        Exception: what made the first one fail.
    """
    # one agent's computing hands the interpreter to the others within half a millisecond, not five
    sys.setswitchinterval(GIL_SWITCH_INTERVAL_S)
    failures: list[Exception] = []

    def work(agent: Agent) -> None:
        try:
            TimedLoop(settings, codec, agent, telemetry).run(stop)
        except Exception as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=work, args=(agent,), name=agent.name) for agent in agents]
    for thread in threads:
        thread.start()
    while not stop.wait(IDLE_S):
        pass  # in short steps, so that signals are heard
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def refuse(record: Record, agent: str, message: str, settings: Settings) -> Said:
    """The dead letter of a record that cannot be read."""
    letter = dead_letter(
        record.origin,
        record.key,
        record.value,
        stage=agent,
        error_type="undecodable",
        message=message,
        limits=settings.limits,
    )
    return Said(topics.DEAD_LETTERS.name, letter)
