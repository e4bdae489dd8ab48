"""Faust itself, with our transport and a table, while workers join, stop and are killed: no record is passed over.

With stock Faust (CONTINUO_TEST_TRANSPORT=stock) the same run loses records; ``docs/delivery.md`` has figures.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from connectors.settings import Settings
from ops.stack import Stack

RECORDS = int(os.environ.get("CONTINUO_TEST_CHAOS_RECORDS", "8000"))
TRANSPORT = os.environ.get("CONTINUO_TEST_TRANSPORT", "ours")
SEED = int(os.environ.get("CONTINUO_TEST_CHAOS_SEED", "1"))
PARTITIONS = 16
PATIENCE_S = 150.0
ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.stack


class Workers:
    """Processes that share one consumer group."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self._arguments = arguments
        self._log = log
        self._running: list[subprocess.Popen[bytes]] = []
        self._all: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        worker = Path(__file__).with_name("chaos_worker.py")
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, str(worker), *self._arguments],
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )
        self._running.append(process)
        self._all.append(process)

    def send(self, number: signal.Signals) -> None:
        self._running.pop(0).send_signal(number)

    def end(self) -> None:
        for process in self._all:
            if process.poll() is None:
                process.kill()
            process.wait()


def test_workers_join_stop_and_die(stack: Stack, settings: Settings, tmp_path: Path) -> None:
    topic, dice = f"chaos-{TRANSPORT}", random.Random(SEED)
    ends = publish(settings.bootstrap_servers, topic)
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": topic})
    workers = Workers([settings.bootstrap_servers, topic, topic, str(tmp_path), TRANSPORT], tmp_path / "log")
    steps: list[Callable[[], None]] = [
        workers.start,
        workers.start,
        lambda: workers.send(signal.SIGTERM),
        workers.start,
        lambda: workers.send(signal.SIGKILL),
        workers.start,
    ]
    workers.start()
    try:
        wait_for(lambda: sum(handled(tmp_path).values()) > RECORDS // 50)
        for step in steps:
            step()
            time.sleep(dice.uniform(2.0, 5.5))
        wait_for(lambda: committed(consumer, topic) == ends)
    finally:
        workers.end()
        consumer.close()
    seen = handled(tmp_path)
    lost = {(number, offset) for number, end in ends.items() for offset in range(end)} - set(seen)
    assert not lost, f"{len(lost)} of {RECORDS} records are committed, but were never handled: {sorted(lost)[:5]}"


def publish(bootstrap: str, topic: str) -> dict[int, int]:
    """Make the topics and fill them; gives the end of each partition."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    changelog = NewTopic(f"{topic}-seen-changelog", PARTITIONS, 1, config={"cleanup.policy": "compact"})
    for outcome in admin.create_topics([NewTopic(topic, PARTITIONS, 1), changelog]).values():
        outcome.result()
    ends: Counter[int] = Counter()
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for number in range(RECORDS):
        partition = number % PARTITIONS
        producer.produce(topic, b"x", str(number % 400).encode(), partition=partition)
        ends[partition] += 1
    assert producer.flush() == 0
    return dict(ends)


def committed(consumer: Consumer, topic: str) -> dict[int, int]:
    places = [TopicPartition(topic, number) for number in range(PARTITIONS)]
    return {place.partition: place.offset for place in consumer.committed(places)}


def handled(folder: Path) -> Counter[tuple[int, int]]:
    """How often each record was handled."""
    lines = [line for file in folder.glob("handled-*") for line in file.read_text().splitlines()]
    return Counter((int(partition), int(offset)) for partition, offset in map(str.split, lines))


def wait_for(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, f"Not within {PATIENCE_S:g} s."
        time.sleep(0.3)
