"""``continuo replay``: a group is set back, and what is made again changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import Result
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic
from typer.testing import CliRunner

from connectors.settings import Settings
from ops.cli import app
from ops.stack import Stack
from ops.stack.environment import environment_with

pytestmark = pytest.mark.stack

STAGE, GROUP, TOPIC = "replayed", "continuo-replayed", "replayed-records"
HOUR_MS = 3_600_000


def replay(settings: Settings, *words: str) -> Result:
    return CliRunner().invoke(app, ["replay", *words], env=environment_with(settings) | {"COLUMNS": "200"})


@pytest.fixture(scope="module")
def place(stack: Stack, settings: Settings) -> tuple[int, int]:
    """A partition that a group has read to its end: 10 records of hours ago, 5 of now. Partition and end."""
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    admin.create_topics([NewTopic(TOPIC, 6, 1)])[TOPIC].result(timeout=30)
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers})
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    for number in range(15):
        sent_ms = now_ms - (3 * HOUR_MS if number < 10 else 0)
        producer.produce(TOPIC, b"old" if number < 10 else b"new", partition=5, timestamp=sent_ms)
    producer.flush()
    with_group = {"bootstrap.servers": settings.bootstrap_servers, "group.id": GROUP, "enable.auto.commit": False}
    consumer = Consumer(with_group)
    _, end = consumer.get_watermark_offsets(TopicPartition(TOPIC, 5), timeout=30)
    consumer.commit(offsets=[TopicPartition(TOPIC, 5, end)], asynchronous=False)
    consumer.close()
    return 5, end


def committed(settings: Settings, partition: int) -> int:
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": GROUP})
    (found,) = consumer.committed([TopicPartition(TOPIC, partition)], timeout=30)
    consumer.close()
    return found.offset


def test_a_group_reads_again_from_a_moment_or_an_offset(settings: Settings, place: tuple[int, int]) -> None:
    partition, end = place
    moment = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 3600).astimezone().isoformat()
    told = replay(settings, STAGE, "--from", moment, "--dry-run")
    assert told.stdout == f"{TOPIC}/{partition}: {end} → {end - 5} (+5 records)\n", told.stderr
    assert committed(settings, partition) == end
    assert replay(settings, STAGE, "--from", moment).exit_code == 0
    assert committed(settings, partition) == end - 5
    one = ("--topic", TOPIC, "--partition", str(partition), "--offset", str(end - 4))
    assert replay(settings, STAGE, *one).stdout == f"{TOPIC}/{partition}: {end - 5} → {end - 4} (-1 records)\n"
    assert committed(settings, partition) == end - 4


def test_what_cannot_be_moved_is_told_in_a_sentence(settings: Settings, place: tuple[int, int]) -> None:
    partition, end = place
    far = replay(settings, STAGE, "--topic", TOPIC, "--partition", str(partition), "--offset", str(end + 100))
    assert far.exit_code == 1
    assert f"to {end}, not {end + 100}" in far.stderr
    assert "no group continuo-nobody" in replay(settings, "nobody", "--from", "2026-01-01").stderr
    assert "manifest" in replay(settings, "catalogue", "--from", "2026-01-01").stderr
    assert replay(settings, STAGE).exit_code == 2


def test_a_group_at_work_is_left_alone(settings: Settings, place: tuple[int, int]) -> None:
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": GROUP, "client.id": "busy"})
    consumer.subscribe([TOPIC])
    try:
        while not consumer.assignment():
            consumer.poll(0.1)
        refused = replay(settings, STAGE, "--from", "2020-01-01")
        assert refused.exit_code == 1
        assert "is at work (busy)" in refused.stderr
    finally:
        consumer.close()
