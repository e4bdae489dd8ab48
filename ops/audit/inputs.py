"""Holds the inputs on Kafka against the results and dead letters on Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition

from connectors.consumer import EventReader
from connectors.kafka_client import client_config, partitions_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas import topics
from schemas.bulk import BulkResult
from schemas.codec import UndecodableError
from schemas.events import Clip, DeadLetter, Match
from streams.groups import group_of
from streams.wants import not_identified

from .ledger import ANSWERED, ELSEWHERE, REFUSED, Ledger

TIMEOUT_S = 30.0
CUMULATIVE = {topics.NOTES.name: True, topics.CLIPS.name: False, topics.BULK_TASKS.name: False}
"""The inputs whose answers are counted, and whether an answer covers what came before it."""
WORKERS = {topics.NOTES.name: "live", topics.CLIPS.name: "clips", topics.BULK_TASKS.name: "bulk"}
RESULTS = {
    topics.NOTES.name: topics.MATCHES.name,
    topics.CLIPS.name: topics.MATCHES.name,
    topics.BULK_TASKS.name: topics.BULK_RESULTS.name,
}
"""Where the inputs are answered."""

Ledgers = dict[tuple[str, int], Ledger]


@dataclass(slots=True)
class TopicAudit:
    """The sums of a topic.

    Attributes:
        records: inputs that the topic holds.
        answered: records with a result of their own.
        dead_letters: records that were refused.
        waiting: records that no worker has acknowledged yet, without a result.
        lost: records that were acknowledged without a result.
        repeated: results beyond the first for the same record. They carry its event id again, and sinks keep one.
    """

    records: int = 0
    answered: int = 0
    dead_letters: int = 0
    waiting: int = 0
    lost: int = 0
    repeated: int = 0

    def add(self, ledger: Ledger, cumulative: bool) -> None:
        """Count one partition."""
        missing = ledger.without_result(cumulative)
        self.records += max(0, ledger.end - ledger.first)
        self.answered += len(ledger.answered())
        self.dead_letters += len(ledger.refused())
        self.lost += int((missing < ledger.passed).sum())
        self.waiting += int((missing >= ledger.passed).sum())
        self.repeated += ledger.repeated


def read_ledgers(settings: Settings, codec: EventCodec) -> Ledgers:
    """Everything that the topics say about clips and notes.

    The ends of the inputs and what was acknowledged are taken first, then all results up to now are read, so a result
    that exists is always seen. Inputs older than the oldest result that is kept are left out.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError: something does not answer.
    """
    ledgers: Ledgers = {}
    for topic, worker in WORKERS.items():
        with _consumer(settings, group_of(worker)) as consumer:
            since_ms = _oldest_ms(consumer, RESULTS[topic], settings)
            places = [TopicPartition(topic, number) for number in partitions_of(consumer, topic, settings)]
            committed = consumer.committed(places, timeout=TIMEOUT_S)
            for place, passed in zip(places, committed, strict=True):
                first, end = _span(consumer, place, since_ms)
                ledgers[topic, place.partition] = Ledger(first, end, max(passed.offset, 0))
    for result_topic, event in _results(settings, codec):
        ledger = ledgers.get((event.origin.topic, event.origin.partition))
        if ledger is None:
            continue
        if result_topic == RESULTS[event.origin.topic]:
            ledger.note(event.origin.offset, ANSWERED)
        elif isinstance(event, DeadLetter):
            ledger.note(event.origin.offset, REFUSED)
    _set_aside(settings, codec, ledgers)
    return ledgers


def _set_aside(settings: Settings, codec: EventCodec, ledgers: Ledgers) -> None:
    """Note the clips that do not want to be identified: they are answered on other topics."""
    with _consumer(settings, group_of("clips")) as consumer:
        for (topic, partition), ledger in ledgers.items():
            if topic != topics.CLIPS.name:
                continue
            missing = ledger.without_result(False)
            for offset in missing[missing < ledger.passed].tolist():
                consumer.assign([TopicPartition(topic, partition, offset)])
                message = consumer.poll(TIMEOUT_S)
                if message is None or message.error() is not None or message.offset() != offset:
                    continue
                with suppress(UndecodableError):
                    clip = codec.decode(topic, message.value() or b"")
                    if isinstance(clip, Clip) and not_identified(clip.wants):
                        ledger.note(offset, ELSEWHERE)


def sum_topics(ledgers: Ledgers) -> dict[str, TopicAudit]:
    """The sums by input topic."""
    sums = {topic: TopicAudit() for topic in CUMULATIVE}
    for (topic, _), ledger in ledgers.items():
        sums[topic].add(ledger, CUMULATIVE[topic])
    return sums


def _results(settings: Settings, codec: EventCodec) -> Iterator[tuple[str, Match | BulkResult | DeadLetter]]:
    with EventReader(settings, codec, [*sorted(set(RESULTS.values())), topics.DEAD_LETTERS.name]) as reader:
        for received in reader.to_end():
            if isinstance(received.event, Match | BulkResult | DeadLetter):
                yield received.origin.topic, received.event


@contextmanager
def _consumer(settings: Settings, group: str) -> Iterator[Consumer]:
    consumer = Consumer(client_config(settings) | {"group.id": group, "enable.auto.commit": False})
    try:
        yield consumer
    finally:
        consumer.close()


def _span(consumer: Consumer, place: TopicPartition, since_ms: int) -> tuple[int, int]:
    first, end = consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
    if since_ms:
        (found,) = consumer.offsets_for_times(
            [TopicPartition(place.topic, place.partition, since_ms)], timeout=TIMEOUT_S
        )
        first = max(first, found.offset if found.offset >= 0 else end)
    return first, end


def oldest_ms(settings: Settings, topic: str) -> int:
    """When the oldest record that ``topic`` keeps was sent, if older ones were deleted by retention; 0 if none were."""
    with _consumer(settings, group_of("audit")) as consumer:
        return _oldest_ms(consumer, topic, settings)


def _oldest_ms(consumer: Consumer, topic: str, settings: Settings) -> int:
    oldest = 0
    for partition in partitions_of(consumer, topic, settings):
        place = TopicPartition(topic, partition)
        first, end = consumer.get_watermark_offsets(place, timeout=TIMEOUT_S)
        if 0 < first < end:
            place.offset = first
            consumer.assign([place])
            message = consumer.poll(TIMEOUT_S)
            consumer.unassign()
            if message is not None and message.error() is None:
                oldest = max(oldest, message.timestamp()[1])
    return oldest
