"""``continuo catalogue publish``: works and removals on the catalogue topic, as a consumer reads them."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import uuid
from pathlib import Path

import numpy as np
import pytest
from confluent_kafka import Consumer

from connectors.blob_store import BlobStore
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.environment import environment_with
from processors.midi import write_midi
from processors.notes import Notes
from schemas.events import Work


def music(count: int) -> bytes:
    rng = np.random.default_rng(count)
    return write_midi(Notes.of(np.cumsum(rng.uniform(0.1, 0.5, count)), rng.integers(40, 90, count)))


def read_topic(settings: Settings, prefix: str) -> dict[str, bytes | None]:
    """The newest value of each key with the prefix; a removed one has none."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "group.id": uuid.uuid4().hex,
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
        }
    )
    found: dict[str, bytes | None] = {}
    try:
        consumer.subscribe(["catalogue"])
        while True:
            message = consumer.poll(30)
            assert message is not None, "no answer from Kafka"
            if message.error():
                return found  # the end of the only partition
            key = message.key().decode()
            if key.startswith(prefix):
                found[key] = message.value()
    finally:
        consumer.close()


def publish(settings: Settings, *arguments: object) -> dict[str, object]:
    command = [sys.executable, "-m", "ops.cli", "catalogue", "publish", "--json", *map(str, arguments)]
    done = subprocess.run(
        command, env=environment_with(settings), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


@pytest.mark.stack
def test_works_and_removals_reach_the_topic(stack: Stack, settings: Settings, tmp_path: Path) -> None:
    prefix = uuid.uuid4().hex
    contents = {"small": music(100), "large": music(100_000), "broken": b"no MIDI"}
    assert len(contents["large"]) > settings.blobs.inline_max_bytes
    with (tmp_path / "works.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "title", "composer", "work_id", "licence"])
        for name, content in contents.items():
            (tmp_path / f"{name}.mid").write_bytes(content)
            rows.writerow([f"{name}.mid", name.title(), "Nobody", f"{prefix}-{name}", "CC0"])

    summary = publish(settings, "--manifest", tmp_path / "works.csv")
    assert (summary["imported"], summary["failed"]) == (2, 1)

    codec, blobs = EventCodec(settings), BlobStore(settings)
    values = read_topic(settings, prefix)
    assert values.keys() == {f"{prefix}-small", f"{prefix}-large"}
    works = {key: codec.decode("catalogue", value) for key, value in values.items() if value}
    small, large = works[f"{prefix}-small"], works[f"{prefix}-large"]
    assert isinstance(small, Work)
    assert isinstance(large, Work)
    assert (small.title, small.licence, small.data, small.blob) == ("Small", "CC0", contents["small"], None)
    assert large.data is None
    assert large.blob is not None
    assert blobs.get(large.blob) == contents["large"]

    assert publish(settings, "--remove", f"{prefix}-small")["removed"] == 1
    assert read_topic(settings, prefix)[f"{prefix}-small"] is None
