"""What every Kafka client of the edges shares: how to reach the brokers, and what to say when they are away."""

from __future__ import annotations

from confluent_kafka import Consumer, KafkaException, Producer

from connectors.kafka_security import ClientConfig, librdkafka_security
from connectors.settings import Settings


class KafkaUnavailableError(RuntimeError):
    """The brokers do not answer, or lack the topic; the message says what to do."""


def client_config(settings: Settings) -> ClientConfig:
    """librdkafka's configuration that does not depend on what the client does."""
    config: ClientConfig = {
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": settings.kafka.client_id,
        "log_level": 2,  # what goes wrong is reported by exceptions; librdkafka's own lines say it again
        "reconnect.backoff.max.ms": 2000,
    }
    return config | librdkafka_security(settings.kafka)


def admin_config(settings: Settings) -> ClientConfig:
    """The same for questions to the brokers; only exceptions tell what goes wrong."""
    return {**client_config(settings), "log_level": 0, "reconnect.backoff.max.ms": 500}


def partitions_of(client: Producer | Consumer, topic: str, settings: Settings) -> list[int]:
    """The partitions of ``topic``, asked from the brokers.

    Raises:
        KafkaUnavailableError: no broker answers in time, or there is no such topic.
    """
    try:
        found = client.list_topics(topic, timeout=settings.kafka.connect_timeout_s).topics[topic]
    except KafkaException as error:
        raise KafkaUnavailableError(
            f"Kafka at {settings.bootstrap_servers} does not answer ({error.args[0].str()}). "
            "Start the stack with `continuo up`, or check the setting kafka.bootstrap_servers."
        ) from error
    if found.error is not None or not found.partitions:
        raise KafkaUnavailableError(
            f"Kafka at {settings.bootstrap_servers} has no topic {topic!r}. `continuo up` creates the topics."
        )
    return sorted(found.partitions)
