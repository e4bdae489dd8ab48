"""How many records wait for a consumer group: what lets one agent wait for another."""

from __future__ import annotations

import threading
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from connectors.kafka_client import KafkaUnavailableError, client_config, partitions_of
from connectors.settings import Settings

ASKED_AGAIN_S = 0.5


class BehindError(RuntimeError):
    """Whoever reads the topic is too far behind, or it cannot be told; the same call may succeed later."""


class GroupLag:
    """Watches the records of a topic that a group has not committed. May be used from several threads.

    Args:
        settings: how to reach the brokers.
        group: the consumer group; it is never joined.
        topic: what the group reads.
    """

    def __init__(self, settings: Settings, group: str, topic: str) -> None:
        self._settings = settings
        self._group = group
        self._topic = topic
        self._timeout_s = settings.kafka.connect_timeout_s
        self._consumer = Consumer(client_config(settings) | {"group.id": group, "enable.auto.commit": False})
        self._lock = threading.Lock()
        self._records = 0
        self._asked_s = -ASKED_AGAIN_S

    def require_below(self, limit: int) -> None:
        """Go on only while fewer than ``limit`` records wait; the brokers are asked twice a second at the most.

        Raises:
            BehindError: more wait, or the brokers do not answer.
        """
        with self._lock:
            if time.monotonic() - self._asked_s >= ASKED_AGAIN_S:
                self._records = self._count()
                self._asked_s = time.monotonic()
            if self._records >= limit:
                raise BehindError(f"{self._records} records of {self._topic} wait for {self._group}; {limit} may.")

    def close(self) -> None:
        """Disconnect."""
        self._consumer.close()

    def _count(self) -> int:
        try:
            numbers = partitions_of(self._consumer, self._topic, self._settings)
            places = [TopicPartition(self._topic, number) for number in numbers]
            count = 0
            for place in self._consumer.committed(places, timeout=self._timeout_s):
                first, end = self._consumer.get_watermark_offsets(place, timeout=self._timeout_s)
                count += max(end - max(place.offset, first), 0)
            return count
        except (KafkaException, KafkaUnavailableError) as error:
            raise BehindError(f"It cannot be told how far {self._group} is: {error}") from error
