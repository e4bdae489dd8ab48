"""Sets a consumer group back, or past a record: what it reads next is another offset than it committed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.kafka_client import admin_config
from connectors.settings import Settings

TIMEOUT_S = 10.0
OLDEST: OffsetSpec = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
NEWEST: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]

Place = tuple[str, int]


class ReplayError(RuntimeError):
    """The group stays where it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Move:
    """One partition: the offset that was to be read next, and the one that is now."""

    topic: str
    partition: int
    before: int
    after: int


class Replay:
    """Moves one group.

    Args:
        settings: where the brokers are.
        group: its name.

    Raises:
        ReplayError: the brokers do not answer.
    """

    def __init__(self, settings: Settings, group: str) -> None:
        self._group = group
        self._servers = settings.bootstrap_servers
        self._admin = AdminClient(admin_config(settings))

    def plan(self, *, since: datetime | None = None, offsets: Mapping[Place, int] | None = None) -> list[Move]:
        """What would be moved.

        Args:
            since: to the first record that was sent at this moment or later, in every partition.
            offsets: to these offsets.

        Raises:
            ReplayError: the group has not read the topic, or the partition has no such offset.
        """
        committed = self._committed()
        if since is not None:
            moments = dict.fromkeys(committed, OffsetSpec.for_timestamp(int(since.timestamp() * 1000)))
            found, end = self._offsets(moments), self._offsets(dict.fromkeys(committed, NEWEST))
            wanted: Mapping[Place, int] = {
                place: offset if offset >= 0 else end[place] for place, offset in found.items()
            }
        else:
            wanted = self._checked(offsets or {}, committed)
        return [
            Move(*place, committed[place], wanted[place])
            for place in sorted(wanted)
            if wanted[place] != committed[place]
        ]

    def move(self, moves: list[Move]) -> None:
        """Commit the new places.

        Raises:
            ReplayError: a worker of the group still runs.
        """
        self._require_empty()
        places = [TopicPartition(move.topic, move.partition, move.after) for move in moves]
        request = [ConsumerGroupTopicPartitions(self._group, places)]
        self._result(self._admin.alter_consumer_group_offsets(request, request_timeout=TIMEOUT_S)[self._group])

    def _checked(self, offsets: Mapping[Place, int], committed: Mapping[Place, int]) -> Mapping[Place, int]:
        for place in offsets:
            if place not in committed:
                raise ReplayError(
                    f"The group {self._group} has not read partition {place[1]} of {place[0]}; it has read "
                    f"{', '.join(sorted({topic for topic, _ in committed}))}."
                )
        first = self._offsets(dict.fromkeys(offsets, OLDEST))
        end = self._offsets(dict.fromkeys(offsets, NEWEST))
        for (topic, partition), offset in offsets.items():
            place = (topic, partition)
            if not first[place] <= offset <= end[place]:
                raise ReplayError(
                    f"Partition {partition} of {topic} has offsets from {first[place]} to {end[place]}, not {offset}."
                )
        return offsets

    def _committed(self) -> dict[Place, int]:
        request = [ConsumerGroupTopicPartitions(self._group)]
        futures = self._admin.list_consumer_group_offsets(request, request_timeout=TIMEOUT_S)
        places = self._result(futures[self._group]).topic_partitions
        committed = {(place.topic, place.partition): place.offset for place in places if place.offset >= 0}
        if not committed:
            raise ReplayError(f"There is no group {self._group} that has read anything yet.")
        return committed

    def _offsets(self, moments: Mapping[Place, OffsetSpec]) -> dict[Place, int]:
        asked = {TopicPartition(*place): moment for place, moment in moments.items()}
        futures = self._admin.list_offsets(asked, request_timeout=TIMEOUT_S)
        return {(place.topic, place.partition): self._result(future).offset for place, future in futures.items()}

    def _require_empty(self) -> None:
        futures = self._admin.describe_consumer_groups([self._group], request_timeout=TIMEOUT_S)
        members = self._result(futures[self._group]).members
        if members:
            names = ", ".join(sorted(member.client_id for member in members))
            raise ReplayError(
                f"The group {self._group} is at work ({names}): stop its workers, and wait for their session to end "
                "(kafka.session_timeout_s) if they were killed."
            )

    def _result(self, future: Any) -> Any:
        try:
            return future.result(TIMEOUT_S + 1)
        except (KafkaException, TimeoutError) as error:
            reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer in time"
            raise ReplayError(f"Kafka at {self._servers} refuses, or does not answer: {reason}.") from error
