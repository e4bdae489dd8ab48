"""Triggers of a live source on real Kafka: each once, whatever happens to their worker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import redis

from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings, TriggerSettings
from connectors.sinks import redis_keys
from ops.stack import Stack
from ops.stack.part import Part
from ops.stack.workers import Worker
from schemas.events import Origin, now_us
from schemas.rhythm import Beat, Section

from .waiting import eventually

PERIOD_S = 0.1
EVERY_BEATS = 4
PATIENCE_S = 60.0
RULES = """
rules: [{trigger: phrase, every_beats: 4, error_types: {other: basic, chorus: business}}]
limits: {max_per_minute: 600}
"""

pytestmark = pytest.mark.stack


def beat(source: str, number: int, zero_us: int) -> Beat:
    return Beat(
        source_id=source,
        origin=Origin("activations", 0, number),
        session_id="song",
        source_zero_us=zero_us,
        number=number,
        time_s=number * PERIOD_S,
        position=(number - 1) % 4 + 1,
        downbeat=number % 4 == 1,
        beats_per_bar=4,
        tempo_bpm=60.0 / PERIOD_S,
        confidence=1.0,
        next_beat_s=(number + 1) * PERIOD_S,
        basis="network",
        made_by="test",
    )


def chorus(source: str, start_s: float) -> Section:
    return Section(
        source_id=source,
        origin=Origin("notes", 0, 0),
        session_id="song",
        label="chorus",
        start_s=start_s,
        confidence=1.0,
        basis="heard",
        made_by="test",
    )


def play(
    producer: EventProducer, sources: Sequence[str], beats: int, strikes: Sequence[int] = (), struck: Part | None = None
) -> None:
    """Send beats in real time, each source's ``beats`` of them; at ``strikes`` the worker is killed and started."""
    zero_us = now_us()
    for number in range(1, beats + 1):
        time.sleep(max(0.0, zero_us / 1e6 + number * PERIOD_S - time.time()))
        for source in sources:
            producer.send("beats", beat(source, number, zero_us))
        producer.flush()
        if struck is not None and number in strikes:
            struck.kill()
            struck.start()


def read(reader: EventReader, sources: Sequence[str], count: int) -> list[Any]:
    """The events of the sources, until there are ``count`` and a second more has passed."""
    triggers: list[Any] = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        received = reader.poll()
        if received is not None and received.event is not None and received.event.source_id in sources:
            triggers.append(received.event)
            if len(triggers) == count:
                deadline = min(deadline, time.monotonic() + 1.0)
    return triggers


@pytest.fixture(scope="module")
def worker(stack: Stack, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Part]:
    rules = tmp_path_factory.mktemp("rules") / "rules.yaml"
    Path(rules).write_text(RULES)
    changed = settings.model_copy(update={"triggers": TriggerSettings(rules=rules)})
    worker = Worker("triggers", "triggers", changed)
    others = ("webhook", "error-generator", "redis-sink", "clickhouse-sink")
    parts = [worker, *(stack.add(kind) for kind in others)]
    for part in parts:
        part.start()
    for part in parts:
        part.wait_healthy()
    yield worker
    for part in parts:
        part.stop()


def test_each_trigger_comes_once_though_its_worker_is_killed(stack: Stack, settings: Settings, worker: Part) -> None:
    codec, sources = EventCodec(settings), [f"drummer-{number}" for number in range(6)]
    expected = [number * EVERY_BEATS for number in range(1, 16)]
    with EventReader(settings, codec, ["triggers"], "latest") as reader, EventProducer(settings, codec) as producer:
        play(producer, sources, 60, strikes=(10, 37), struck=worker)
        triggers = read(reader, sources, len(expected) * len(sources))
    for source in sources:
        assert [trigger.beat for trigger in triggers if trigger.source_id == source] == expected
    assert len({trigger.key for trigger in triggers}) == len(triggers)


def test_a_section_known_ahead_decides_and_silence_fires_nothing(
    stack: Stack, settings: Settings, worker: Part
) -> None:
    codec, source = EventCodec(settings), "singer"
    with (
        EventReader(settings, codec, ["triggers"], "latest") as reader,
        EventReader(settings, codec, ["error-events"], "latest") as errors,
        EventProducer(settings, codec) as producer,
    ):
        producer.send("sections", chorus(source, 0.7))
        producer.flush()
        time.sleep(0.5)
        play(producer, [source], 13)
        triggers = read(reader, [source], 3)
        made = read(errors, [source], 3)
    # each went by HTTP to the error generator, which made one error of it
    assert [(error.beat, error.style) for error in made] == [(4, "basic"), (8, "business"), (12, "business")]
    assert [bool(error.location) for error in made] == [False, True, True]
    counted = "SELECT count(), uniqExact(key) FROM triggers FINAL WHERE source_id = {source:String}"
    history = clickhouse_client(settings)
    rows = eventually(lambda: history.query(counted, {"source": source}).result_rows, lambda found: found == [(3, 3)])
    assert rows == [(3, 3)]
    with redis.Redis.from_url(settings.redis_url) as now:
        key = redis_keys.now("trigger", source)
        newest = eventually(lambda: json.loads(now.get(key) or "{}"), lambda found: found.get("beat") == 12)
        assert newest["beat"] == 12
        assert json.loads(now.get(redis_keys.now("section", source)) or "{}")["label"] == "chorus"
    assert [(trigger.beat, trigger.error_type) for trigger in triggers] == [
        (4, "basic"),
        (8, "business"),
        (12, "business"),
    ]
