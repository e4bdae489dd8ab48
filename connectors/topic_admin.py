"""Create the topics before any worker starts."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata, NewTopic  # type: ignore[attr-defined]

from schemas.topics import BY_NAME, TOPICS, Topic

from .kafka_client import admin_config
from .settings import Settings

TIMEOUT_S = 30.0
POLL_S = 0.05


class TopicError(Exception):
    """The topics cannot be made as the table says; the message says what to do."""


def create_topics(settings: Settings) -> list[str]:
    """Create those topics of the table that are missing, and wait until all can be used.

    Returns:
        The names of the topics that were created; none the second time.

    Raises:
        TopicError: the brokers do not answer or refuse, or a topic exists with other partitions.
    """
    admin = AdminClient(admin_config(settings))
    existing = _existing(admin, settings)
    missing = [topic for topic in TOPICS if topic.name not in existing]
    created = _create(admin, missing, settings) if missing else []  # few users may create topics, and few need to
    _wait_usable(admin)
    return created


def _create(admin: AdminClient, topics: Sequence[Topic], settings: Settings) -> list[str]:
    replicas = settings.kafka.replication_factor
    wanted = [NewTopic(topic.name, topic.partitions, replicas, config=topic.config()) for topic in topics]
    created = []
    for name, outcome in admin.create_topics(wanted, operation_timeout=TIMEOUT_S).items():
        try:
            outcome.result(TIMEOUT_S)
            created.append(name)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another process was faster
                raise TopicError(
                    f"Topic {name} could not be created at {settings.bootstrap_servers}: {error.args[0].str()}."
                ) from error
    return created


def _existing(admin: AdminClient, settings: Settings) -> set[str]:
    try:
        return set(admin.list_topics(timeout=TIMEOUT_S).topics)
    except KafkaException as error:
        raise TopicError(
            f"Kafka at {settings.bootstrap_servers} does not tell its topics: {error.args[0].str()}."
        ) from error


def _wait_usable(admin: AdminClient) -> None:
    # a broker hears of a new topic a moment after the controller has confirmed it
    deadline = time.monotonic() + TIMEOUT_S
    while missing := _without_leader(admin.list_topics(timeout=TIMEOUT_S)):
        if time.monotonic() > deadline:
            raise TopicError(
                f"No broker leads the topics {', '.join(missing)} after {TIMEOUT_S:g} s. Are all brokers up?"
            )
        time.sleep(POLL_S)


def _without_leader(cluster: ClusterMetadata) -> list[str]:
    return [name for name, topic in BY_NAME.items() if not _is_usable(topic, cluster)]


def _is_usable(topic: Topic, cluster: ClusterMetadata) -> bool:
    found = cluster.topics.get(topic.name)
    if found is None or found.error is not None or not found.partitions:
        return False
    if len(found.partitions) != topic.partitions:
        raise TopicError(
            f"Topic {topic.name} has {len(found.partitions)} partitions, the table says {topic.partitions}. "
            "Adding some would break the order of a source's events: delete the topic, or use other brokers."
        )
    return all(partition.leader >= 0 for partition in found.partitions.values())
