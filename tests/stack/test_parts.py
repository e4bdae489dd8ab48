"""Each server survives a kill with its data kept."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest
import redis
from confluent_kafka import Consumer, Producer, TopicPartition

from connectors.settings import Settings
from ops.stack import Stack, StackError
from ops.stack.workers import Worker
from schemas.topics import NOTES


def test_kafka_keeps_its_records(stack: Stack, settings: Settings) -> None:
    place: list[tuple[int, int]] = []
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0})
    producer.produce(
        NOTES.name, b"kept", on_delivery=lambda _, message: place.append((message.partition(), message.offset()))
    )
    assert producer.flush(30) == 0

    kill_and_start(stack, "kafka")

    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": "test", "log_level": 0})
    consumer.assign([TopicPartition(NOTES.name, *place[0])])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.value() == b"kept"


def test_registry_keeps_its_schemas(stack: Stack, settings: Settings) -> None:
    before = httpx.get(f"{settings.registry_url}/subjects").json()
    kill_and_start(stack, "registry")
    assert sorted(httpx.get(f"{settings.registry_url}/subjects").json()) == sorted(before)
    assert "clips-value" in before


def test_redis_keeps_its_keys(stack: Stack, settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url) as client:
        client.set("test:kept", "yes")
    kill_and_start(stack, "redis")
    with redis.Redis.from_url(settings.redis_url) as client:
        assert client.get("test:kept") == b"yes"


def test_clickhouse_keeps_its_rows(stack: Stack, settings: Settings) -> None:
    query(settings, "CREATE TABLE test_kept (n UInt32) ENGINE = MergeTree ORDER BY n")
    query(settings, "INSERT INTO test_kept VALUES (7)")
    kill_and_start(stack, "clickhouse")
    assert query(settings, "SELECT n FROM test_kept") == "7"
    query(settings, "DROP TABLE test_kept")


def test_a_worker_is_healthy_when_it_is_ready(stack: Stack) -> None:
    worker = stack.add("clips")
    try:
        worker.start()
        assert worker.wait_healthy() == "ready"
        assert worker.pid is not None
        assert psutil.Process(worker.pid).cmdline()[0] == "continuo worker clips"
    finally:
        began = time.monotonic()
        worker.stop()
        assert worker.exit_code == 0, f"It did not end by itself within {time.monotonic() - began:.0f} s."


def test_a_worker_that_cannot_run_says_why(settings: Settings, tmp_path: Path) -> None:
    missing = tmp_path / "rules.yaml"
    changed = settings.model_copy(update={"triggers": settings.triggers.model_copy(update={"rules": missing})})
    worker = Worker("triggers-without-rules", "triggers", changed)
    worker.start()
    with pytest.raises(StackError, match=rf"ended with code 1 while it started\.[^\0]*{re.escape(str(missing))}"):
        worker.wait_healthy()
    worker.stop()


def test_a_worker_can_be_killed_as_soon_as_it_is_started(settings: Settings) -> None:
    worker = Worker("live-and-gone", "live", settings)
    worker.start()
    worker.kill()
    assert worker.pid is None
    assert worker.exit_code == -signal.SIGKILL


def kill_and_start(stack: Stack, name: str) -> None:
    part = stack.part(name)
    part.kill()
    assert part.pid is None
    part.start()
    part.wait_healthy()


def query(settings: Settings, statement: str) -> str:
    base = settings.clickhouse_url.rsplit("/", 1)[0]
    response = httpx.post(f"{base}/", content=statement, timeout=30)
    assert response.status_code == 200, response.text
    return response.text.strip()
