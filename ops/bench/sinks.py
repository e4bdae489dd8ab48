"""``continuo bench sinks``: records a second from Kafka into Redis and ClickHouse, beside plain clients.

Two cores and other programs make wall-clock figures of a sink depend on who else runs, so both are told: seconds on the
clock, and seconds that the sink's process computed (all its threads, the Kafka client's with them). A rate per core is
records over the latter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import clickhouse_connect
import numpy as np
import orjson
import psutil
import redis
from confluent_kafka import Consumer

from connectors.consumer import EventReader
from connectors.kafka_client import client_config
from connectors.producer import EventProducer
from connectors.settings import Settings
from connectors.sinks.clickhouse_columns import match_columns
from ops.answers import matches
from ops.audit.progress import passed
from ops.demo.material import AS_WRITTEN, clips_of_works
from schemas import topics
from schemas.events import Clip, Match, Origin

from .core_time import core_s
from .players import player
from .rig import Rig, rig

SERVERS = ("kafka", "registry", "redis", "clickhouse")
SINKS = ("clickhouse-sink", "redis-sink")
SOURCES = 64
TEMPLATES = 200
NOTES_PER_S = 50.0
SILENCE_S = 5.0
REDIS_MEMORY = "4gb"
POLL_S = 0.1
WARM_SHARE = 0.1
"""Measured is what comes after the first tenth: before it, a process imports, compiles and connects."""
PLAIN_BATCH = 5_000


def sinks(records: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Let real workers make real answers, fill ``matches`` with copies of them, and empty it into both stores.

    Returns:
        For ``live`` and ``clip`` answers: ``bytes`` of a record and of its JSON; for each sink ``per_s``,
        ``per_core_s`` and ``cpu_share``; and the same of ``plain`` clients, which write what was prepared for them.
    """
    with rig(SERVERS, ("clips", "live"), _roomy) as made:
        templates = {"live": _live_answers(made, seed), "clip": _clip_answers(made, seed)}
        for worker in ("clips", "live"):
            made.stack.part(worker).stop()
        result: dict[str, Any] = {"records": records, "sources": SOURCES}
        for kind, answers in templates.items():
            say(f"{kind}: writing {records} answers to Kafka")
            copies = _copies(kind, answers, records)
            mean_bytes = _fill(made, copies)
            result[kind] = {
                "candidates": round(float(np.mean([len(answer.candidates) for answer in answers])), 1),
                "bytes": mean_bytes,
                "json_bytes": round(float(np.mean([len(orjson.dumps(answer)) for answer in answers]))),
            }
            for sink in SINKS:
                result[kind][sink] = _drain(made, sink, records)
                say(f"{kind}: {sink} {result[kind][sink]}")
            result[kind]["plain"] = {
                "kafka": _plain_kafka(made.settings, records),
                "clickhouse": _plain_clickhouse(made.settings, copies),
                "redis": _plain_redis(made.settings, copies),
            }
            say(f"{kind}: plain {result[kind]['plain']}")
        return result


def _roomy(settings: Settings) -> Settings:
    embedded = settings.embedded.model_copy(update={"redis_max_memory": REDIS_MEMORY})
    return settings.model_copy(update={"embedded": embedded})


def _clip_answers(made: Rig, seed: int) -> list[Match]:
    clips = clips_of_works(made.works, TEMPLATES, np.random.default_rng(seed), AS_WRITTEN)
    events = [
        Clip(source_id="templates", clip_id=clip.clip_id, kind="midi", name=clip.name, data=clip.data) for clip in clips
    ]
    return _answers(made, topics.CLIPS.name, events)


def _live_answers(made: Rig, seed: int) -> list[Match]:
    rng = np.random.default_rng(seed)
    events = player(made.works, "templates", TEMPLATES, NOTES_PER_S, rng)
    return [answer for answer in _answers(made, topics.NOTES.name, events) if answer.candidates]


def _answers(made: Rig, topic: str, events: Sequence[Any]) -> list[Match]:
    with EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader:
        with EventProducer(made.settings, made.codec) as producer:
            for event in events:
                producer.send(topic, event)
        return list(matches(reader, SILENCE_S))


def _copies(kind: str, answers: Sequence[Match], count: int) -> list[Match]:
    """Answers of many sources to records of their own, as if each had been asked."""
    copies = []
    for number in range(count):
        answer = answers[number % len(answers)]
        source = f"{kind}-{number % SOURCES}"
        origin = Origin(f"{kind}s-of-the-bench", number % SOURCES, number // SOURCES)
        clip_id = f"{kind}-{number}" if answer.clip_id else None
        copies.append(
            replace(answer, source_id=source, origin=origin, event_id=origin.derived_id(kind), clip_id=clip_id)
        )
    return copies


def _fill(made: Rig, events: Sequence[Match]) -> int:
    """Write all; gives back the mean size of a record."""
    sizes = 0
    with EventProducer(made.settings, made.codec) as producer:
        for event in events:
            producer.send(topics.MATCHES.name, event)
        sizes = sum(len(made.codec.encode(topics.MATCHES.name, event)) for event in events[:TEMPLATES])
    return round(sizes / min(len(events), TEMPLATES))


def _drain(made: Rig, sink: str, records: int) -> dict[str, float]:
    """Start a sink on what is waiting, and watch how far it has committed and what it has computed."""
    group = f"continuo-{sink}"
    before = sum(passed(made.settings, group, topics.MATCHES.name).values())
    waiting = _ends(made.settings) - before
    worker = made.stack.add(sink)
    worker.start()
    first: tuple[float, float, int] | None = None
    try:
        while True:
            time.sleep(POLL_S)
            done = sum(passed(made.settings, group, topics.MATCHES.name).values()) - before
            assert worker.pid is not None, f"{sink} has ended: {worker.log}"
            now = time.perf_counter(), core_s(psutil.Process(worker.pid)), done
            if first is None and done >= WARM_SHARE * waiting:
                first = now
            if done >= waiting and first is not None:
                break
    finally:
        worker.stop()
    rows = now[2] - first[2]
    return _rates(rows, now[0] - first[0], now[1] - first[1]) | {"rows": rows}


def _rates(rows: int, wall_s: float, cpu_s: float) -> dict[str, float]:
    return {
        "per_s": round(rows / wall_s),
        "per_core_s": round(rows / max(cpu_s, 1e-9)),
        "cpu_share": round(cpu_s / wall_s, 2),
    }


def _ends(settings: Settings) -> int:
    consumer = _consumer(settings)
    try:
        return sum(_end(consumer, number) for number in range(topics.MATCHES.partitions))
    finally:
        consumer.close()


def _end(consumer: Consumer, partition: int) -> int:
    from confluent_kafka import TopicPartition

    end: int = consumer.get_watermark_offsets(TopicPartition(topics.MATCHES.name, partition), timeout=30.0)[1]
    return end


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        client_config(settings)
        | {"group.id": "continuo-bench", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    )


def _timed(rows: int, work: Callable[[], None]) -> dict[str, float]:
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return _rates(rows, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def _plain_kafka(settings: Settings, records: int) -> dict[str, float]:
    """A consumer that takes the records and does nothing with them."""
    consumer = _consumer(settings)
    consumer.subscribe([topics.MATCHES.name])
    consumer.consume(1, 30.0)

    def take() -> None:
        taken = 1
        while taken < records:
            taken += len(consumer.consume(PLAIN_BATCH, 1.0))

    rates = _timed(records, take)
    consumer.close()
    return rates


def _plain_clickhouse(settings: Settings, events: Sequence[Match]) -> dict[str, float]:
    """The client of ClickHouse with columns that stand ready, into the same table."""
    client = clickhouse_connect.get_client(dsn=settings.clickhouse_url, compress=False)
    types = {row[0]: row[1] for row in client.query("DESCRIBE TABLE matches").result_rows}
    batches = [match_columns(events[start : start + PLAIN_BATCH]) for start in range(0, len(events), PLAIN_BATCH)]

    def write() -> None:
        for columns in batches:
            client.insert(
                "matches",
                list(columns.values()),
                column_names=list(columns),
                column_type_names=[types[name] for name in columns],
                column_oriented=True,
            )

    return _timed(len(events), write)


def _plain_redis(settings: Settings, events: Sequence[Match]) -> dict[str, float]:
    """The client of Redis with texts that stand ready: the newest answer of a source, and its stream."""
    client = redis.Redis.from_url(settings.redis_url)
    texts = [(event.source_id, orjson.dumps(event)) for event in events]

    def write() -> None:
        for start in range(0, len(texts), 1_000):
            pipeline = client.pipeline(transaction=False)
            for source, text in texts[start : start + 1_000]:
                pipeline.set(f"plain:answer:{source}", text)
                pipeline.xadd(f"plain:answers:{source}", {"match": text}, maxlen=1_000)
            pipeline.execute()

    return _timed(len(events), write)
