"""What the Kafka cluster holds: topics with their records, groups with their members and lag."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.kafka_client import admin_config
from connectors.settings import Settings
from ops.not_ready import NotReadyError

TIMEOUT_S = 3.0
OLDEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
NEWEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic and the number of offsets between its oldest and its newest record."""

    name: str
    partitions: int
    records: int


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """How far a group has come in one partition; ``lag`` counts the records that are still to come.

    Attributes:
        committed: the offset that it reads next; the oldest one where it has not committed anything yet.
        end: the offset that the next record will get.
    """

    topic: str
    partition: int
    committed: int
    end: int

    @property
    def lag(self) -> int:
        return max(0, self.end - self.committed)


@dataclass(frozen=True, slots=True)
class GroupState:
    """A consumer group: who is in it (client ids) and where it stands."""

    name: str
    state: str
    members: tuple[str, ...]
    partitions: tuple[PartitionLag, ...]

    @property
    def lag(self) -> int:
        return sum(partition.lag for partition in self.partitions)


class Cluster:
    """Questions to the brokers. Every method raises ``NotReadyError`` when no broker answers in time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin = self._connect()

    def broker_ids(self) -> set[int]:
        """The brokers that the cluster has now."""
        return set(self._metadata().brokers)

    def topics(self) -> list[TopicState]:
        """The topics by name, without Kafka's internal ones."""
        found = {name: sorted(topic.partitions) for name, topic in self._metadata().topics.items() if name[:2] != "__"}
        partitions = [TopicPartition(name, partition) for name, numbers in found.items() for partition in numbers]
        first, end = self._offsets(partitions, OLDEST), self._offsets(partitions, NEWEST)
        return [
            TopicState(name, len(numbers), sum(end[name, number] - first[name, number] for number in numbers))
            for name, numbers in sorted(found.items())
        ]

    def groups(self) -> list[GroupState]:
        """The consumer groups by name, with the partitions that they have committed."""
        described = sorted(self._describe(), key=lambda group: str(group.group_id))
        committed = {group.group_id: self._positions(group) for group in described}
        every = {place for positions in committed.values() for place in positions}
        end = self._offsets([TopicPartition(*place) for place in every], NEWEST)
        return [
            GroupState(
                name=group.group_id,
                state=group.state.name.lower(),
                members=tuple(sorted(member.client_id for member in group.members)),
                partitions=tuple(
                    PartitionLag(*place, offset, end[place])
                    for place, offset in sorted(committed[group.group_id].items())
                ),
            )
            for group in described
        ]

    def lag(self, names: Collection[str]) -> dict[str, tuple[PartitionLag, ...]]:
        """Where some groups stand, by name; without those that have neither members nor commits."""
        if not names:
            return {}
        described = self._results(self._admin.describe_consumer_groups(list(names), request_timeout=TIMEOUT_S).values())
        return {str(group.group_id): self._lag_of(group) for group in described if group.state.name != "DEAD"}

    def _lag_of(self, group: Any) -> tuple[PartitionLag, ...]:
        committed = self._positions(group)
        end = self._offsets([TopicPartition(*place) for place in committed], NEWEST)
        return tuple(PartitionLag(*place, offset, end[place]) for place, offset in sorted(committed.items()))

    def _metadata(self) -> Any:
        try:
            return self._admin.list_topics(timeout=TIMEOUT_S)
        except KafkaException as error:
            raise self._not_ready(error) from error

    def _describe(self) -> list[Any]:
        listed = self._result(self._admin.list_consumer_groups(request_timeout=TIMEOUT_S))
        names = [group.group_id for group in listed.valid]
        if not names:
            return []
        return self._results(self._admin.describe_consumer_groups(names, request_timeout=TIMEOUT_S).values())

    def _positions(self, group: Any) -> dict[tuple[str, int], int]:
        """What a group has committed, and the oldest offset of what it is assigned but has not committed."""
        request = [ConsumerGroupTopicPartitions(group.group_id)]
        futures = self._admin.list_consumer_group_offsets(request, request_timeout=TIMEOUT_S)
        committed = self._result(futures[group.group_id]).topic_partitions
        positions = {(p.topic, p.partition): p.offset for p in committed if p.error is None and p.offset >= 0}
        assigned = [p for member in group.members if member.assignment for p in member.assignment.topic_partitions]
        fresh = [TopicPartition(p.topic, p.partition) for p in assigned if (p.topic, p.partition) not in positions]
        return self._offsets(fresh, OLDEST) | positions

    def _offsets(self, partitions: list[TopicPartition], moment: OffsetSpec) -> dict[tuple[str, int], int]:
        if not partitions:
            return {}
        futures = self._admin.list_offsets(dict.fromkeys(partitions, moment), request_timeout=TIMEOUT_S)
        return {(p.topic, p.partition): self._result(future).offset for p, future in futures.items()}

    def _results(self, futures: Iterable[Future[Any]]) -> list[Any]:
        return [self._result(future) for future in futures]

    def _result(self, future: Future[Any]) -> Any:
        try:
            return future.result(TIMEOUT_S + 1)
        except (KafkaException, TimeoutError) as error:
            raise self._not_ready(error) from error

    def _connect(self) -> AdminClient:
        return AdminClient(admin_config(self._settings))

    def _not_ready(self, error: Exception) -> NotReadyError:
        # a client that was there when the broker was killed may ask for groups in vain ever after
        self._admin = self._connect()
        reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
        return NotReadyError(f"No broker answers at {self._settings.bootstrap_servers}: {reason}.")
