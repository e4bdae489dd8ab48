"""How far a consumer group has come in a topic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, TopicPartition

from connectors.kafka_client import client_config, partitions_of
from connectors.settings import Settings

TIMEOUT_S = 30.0


def passed(settings: Settings, group: str, topic: str) -> dict[int, int]:
    """For each partition of ``topic``, the offset below which ``group`` has committed everything.

    Raises:
        KafkaUnavailableError: the brokers do not answer.
    """
    with _consumer(settings, group) as consumer:
        return _passed(consumer, settings, topic)


def is_done(settings: Settings, group: str, topic: str) -> bool:
    """Whether ``group`` has committed everything that is on ``topic`` now; raises as ``passed``."""
    with _consumer(settings, group) as consumer:
        ends = {
            number: consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=TIMEOUT_S)[1]
            for number in partitions_of(consumer, topic, settings)
        }
        written = _passed(consumer, settings, topic)
        return all(written[number] >= end for number, end in ends.items())


def _passed(consumer: Consumer, settings: Settings, topic: str) -> dict[int, int]:
    places = [TopicPartition(topic, number) for number in partitions_of(consumer, topic, settings)]
    return {place.partition: max(place.offset, 0) for place in consumer.committed(places, timeout=TIMEOUT_S)}


@contextmanager
def _consumer(settings: Settings, group: str) -> Iterator[Consumer]:
    consumer = Consumer(client_config(settings) | {"group.id": group, "enable.auto.commit": False})
    try:
        yield consumer
    finally:
        consumer.close()
