"""The sinks on real Kafka, Redis and ClickHouse: what is kept, whatever is repeated, late, damaged or killed."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import redis
from clickhouse_connect.driver import Client
from confluent_kafka import Producer

from connectors.batches import BatchReader
from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import Received
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks import clickhouse_sink, redis_keys, redis_sink
from ops.stack import Stack
from schemas.events import Candidate, Event, Evidence, Failure, Match, Origin, Place, Work
from schemas.rhythm import Beat, ErrorEvent, Section, Trigger

from .waiting import PATIENCE_S, eventually

pytestmark = pytest.mark.stack

Run = Callable[[Settings, threading.Event], None]


@contextmanager
def running(settings: Settings, *sinks: Run) -> Iterator[None]:
    """Sinks at work, each in a thread; one that fails fails the test."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def work(run: Run) -> None:
        try:
            run(settings, stop)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(run,)) for run in sinks]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert not failures


CANDIDATE = Candidate(
    work_id="bwv-846",
    title="Prelude in C",
    composer="Bach",
    path="bwv846.mid",
    confidence=0.75,
    ref_start_s=1.0,
    ref_end_s=6.0,
    transposition=-2,
    tempo_ratio=1.5,
    score=30.0,
    matched_notes=25,
    ref_start_beat=2.0,
    ref_end_beat=12.0,
    places=(Place(1.0, 6.0, 2.0, 12.0), Place(31.0, 36.0, 62.0, 72.0)),
    evidence=Evidence(notes=25, share=0.9, misfit=0.01, lead=7.5, effort=2),
)


def match(source: str, offset: int, **changes: Any) -> Match:
    """The answer to the record at ``offset`` of a partition that only ``source`` uses."""
    origin = Origin(f"clips-of-{source}", 0, offset)
    answer = Match(
        source_id=source,
        event_id=origin.derived_id("clips"),
        origin=origin,
        made_by="test",
        kind="clip",
        status="matched",
        clip_id=f"{source}-{offset}",
        candidates=(CANDIDATE, replace(CANDIDATE, work_id="bwv-847", confidence=0.1)),
        latency_ms=float(offset),
    )
    return replace(answer, **changes)


BEAT: dict[str, Any] = {
    "session_id": "s",
    "source_zero_us": 1_700_000_000_000_000,
    "number": 1,
    "time_s": 0.5,
    "position": 1,
    "downbeat": True,
    "beats_per_bar": 4,
    "tempo_bpm": 120.5,
    "confidence": 0.9,
    "next_beat_s": 1.0,
    "basis": "network",
    "made_by": "test",
}
SECTION: dict[str, Any] = {
    "session_id": "s",
    "label": "verse",
    "start_s": 0.0,
    "confidence": 0.5,
    "basis": "heard",
    "made_by": "test",
}
TRIGGER: dict[str, Any] = {
    "session_id": "s",
    "key": "a/b/16",
    "trigger": "beat",
    "error_type": "basic",
    "beat": 16,
    "section": "verse",
    "tempo": 99.5,
    "time_s": 8.0,
    "due_at": 1_700_000_008_000_001,
    "basis": "predicted",
    "made_by": "test",
}
ERROR_EVENT: dict[str, Any] = {
    "trigger_key": "a/b/16",
    "session_id": "s",
    "style": "basic",
    "code": "E1",
    "severity": "error",
    "message": "Too loud.",
    "part": 1,
    "parts": 2,
    "beat": 16,
    "section": "verse",
    "tempo": 99.5,
}


@pytest.fixture(scope="module")
def producer(stack: Stack) -> Iterator[EventProducer]:
    with EventProducer(stack.settings, EventCodec(stack.settings)) as producer:
        yield producer


@pytest.fixture
def source() -> str:
    return f"player-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def answers(stack: Stack) -> redis.Redis:
    return redis.Redis.from_url(stack.settings.redis_url, decode_responses=True)


@pytest.fixture
def history(stack: Stack) -> Client:
    return clickhouse_client(stack.settings)


def publish(producer: EventProducer, events: Sequence[Match]) -> None:
    for event in events:
        producer.send("matches", event)
    producer.flush()


def streamed(answers: redis.Redis, source: str) -> list[int]:
    """The offsets of the answers in the source's stream, in order."""
    entries = answers.xrange(redis_keys.answers(source))
    return [json.loads(fields["match"])["origin"]["offset"] for _, fields in entries]


def rows(history: Client, source: str) -> list[int]:
    """The offsets of the source's answers in ClickHouse."""
    if not history.command("EXISTS TABLE matches"):
        return []
    sql = "SELECT origin_offset FROM matches FINAL WHERE source_id = {source:String} ORDER BY origin_offset"
    return [row[0] for row in history.query(sql, {"source": source}).result_rows]


def test_an_answer_arrives_with_all_that_it_says(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client
) -> None:
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        publish(producer, [match(source, 7)])
        latest = eventually(lambda: answers.get(redis_keys.answer(source)), bool)
        eventually(lambda: rows(history, source), bool)
    assert isinstance(latest, str)
    event = json.loads(latest)
    assert event["origin"] == {"topic": f"clips-of-{source}", "partition": 0, "offset": 7}
    assert event["candidates"][0]["title"] == "Prelude in C"
    assert answers.get(redis_keys.clip(f"{source}-7")) == latest
    row = history.query("SELECT * FROM matches WHERE source_id = {source:String}", {"source": source}).first_item
    assert (row["work_id"], row["composer"], row["transposition"], row["tempo_ratio"]) == ("bwv-846", "Bach", -2, 1.5)
    assert row["candidates.work_id"] == ["bwv-846", "bwv-847"]
    assert row["candidates.confidence"] == [0.75, 0.1]
    assert row["ref_start_beat"] == 2.0
    assert row["candidates.places_start_s"] == [[1.0, 31.0], [1.0, 31.0]]
    assert row["candidates.lead"] == [7.5, 7.5]


def test_repeats_and_late_answers_change_nothing(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client
) -> None:
    order = [0, 1, 2, 1, 2, 0, 4, 3, 3, 4, 2]
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        publish(producer, [match(source, offset) for offset in order])
        eventually(lambda: streamed(answers, source), lambda found: len(found) == 5)
        publish(producer, [match(source, 1), match(source, 5)])
        assert eventually(lambda: streamed(answers, source), lambda found: len(found) == 6) == [0, 1, 2, 4, 3, 5]
        assert eventually(lambda: rows(history, source), lambda found: len(found) == 6) == [0, 1, 2, 3, 4, 5]
    assert json.loads(str(answers.get(redis_keys.answer(source))))["origin"]["offset"] == 5


def test_an_older_answer_does_not_cover_a_newer_one(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis
) -> None:
    with running(stack.settings, redis_sink.run):
        publish(producer, [match(source, 9)])
        eventually(lambda: streamed(answers, source), lambda found: found == [9])
        publish(producer, [match(source, 8)])
        assert eventually(lambda: streamed(answers, source), lambda found: len(found) == 2) == [9, 8]
    assert json.loads(str(answers.get(redis_keys.answer(source))))["origin"]["offset"] == 9


@pytest.mark.parametrize("part", ["redis", "clickhouse"])
def test_a_destination_that_is_killed_loses_nothing_and_gets_nothing_twice(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client, part: str
) -> None:
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        publish(producer, [match(source, offset) for offset in range(300)])
        if part == "redis":
            eventually(lambda: streamed(answers, source), bool)
        else:
            eventually(lambda: rows(history, source), bool)
        stack.part(part).kill()
        publish(producer, [match(source, offset) for offset in range(300, 600)])
        stack.part(part).start()
        stack.part(part).wait_healthy()
        publish(producer, [match(source, offset) for offset in range(600, 700)])
        found = eventually(lambda: streamed(answers, source), lambda offsets: 699 in offsets)
        kept = eventually(lambda: rows(history, source), lambda offsets: 699 in offsets)
    assert found == list(range(700))
    assert kept == list(range(700))


def test_a_sink_stops_while_its_destination_is_away_and_goes_on_later(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis
) -> None:
    stack.part("redis").kill()
    with running(stack.settings, redis_sink.run):
        publish(producer, [match(source, offset) for offset in range(50)])
    stack.part("redis").start()
    stack.part("redis").wait_healthy()
    with running(stack.settings, redis_sink.run):
        assert eventually(lambda: streamed(answers, source), lambda found: 49 in found) == list(range(50))


def test_a_record_that_cannot_be_read_becomes_a_dead_letter(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client
) -> None:
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        raw = Producer({"bootstrap.servers": stack.settings.bootstrap_servers})
        raw.produce("matches", b"this is no event", source.encode())
        raw.flush()
        publish(producer, [match(source, 1)])
        eventually(lambda: streamed(answers, source), bool)
        eventually(lambda: rows(history, source), bool)
        sql = (
            "SELECT stage, error_type, value FROM dead_letters FINAL "
            "WHERE source_id = {source:String} AND origin_topic = 'matches' ORDER BY stage"
        )
        letters = eventually(lambda: history.query(sql, {"source": source}).result_rows, lambda found: len(found) == 2)
    assert letters == [
        ("clickhouse-sink", "undecodable", "this is no event"),
        ("redis-sink", "undecodable", "this is no event"),
    ]


def test_a_key_of_another_program_holds_up_one_source_only(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client
) -> None:
    answers.lpush(redis_keys.answers(source), "not a stream")
    neighbour = source + "-neighbour"
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        publish(producer, [match(neighbour, 1), match(source, 1), match(neighbour, 2)])
        assert eventually(lambda: streamed(answers, neighbour), lambda found: len(found) == 2) == [1, 2]
        sql = "SELECT stage, error_type FROM dead_letters FINAL WHERE source_id = {source:String}"
        letters = eventually(lambda: history.query(sql, {"source": source}).result_rows, bool)
    answers.delete(redis_keys.answers(source))  # an audit in another test would stumble over it
    assert letters == [("redis-sink", "refused")]


def test_answers_expire(stack: Stack, producer: EventProducer, source: str, answers: redis.Redis) -> None:
    hasty = stack.settings.redis.model_copy(update={"answer_expiry_s": 1})
    with running(stack.settings.model_copy(update={"redis": hasty}), redis_sink.run):
        publish(producer, [match(source, 1)])
        # whether it was seen or not: in the end another source's answer is there, and no key of this one
        publish(producer, [match(source + "-later", 1)])
        eventually(lambda: answers.keys(f"*{source}-later*"), bool)
        assert eventually(lambda: answers.keys(f"*{source}*"), lambda found: not found) == []


def test_a_client_follows_a_source(stack: Stack, producer: EventProducer, source: str, answers: redis.Redis) -> None:
    heard: list[int] = []

    def follow() -> None:
        last = "0-0"
        deadline = time.monotonic() + PATIENCE_S
        while len(heard) < 30 and time.monotonic() < deadline:
            for _, entries in answers.xread({redis_keys.answers(source): last}, block=200):
                for last, fields in entries:  # noqa: B007 - the last one is where the next read goes on
                    heard.append(json.loads(fields["match"])["origin"]["offset"])

    client = threading.Thread(target=follow)
    client.start()
    with running(stack.settings, redis_sink.run):
        for first in range(0, 30, 10):
            publish(producer, [match(source, offset, kind="live", clip_id=None) for offset in range(first, first + 10)])
        client.join()
    assert heard == list(range(30))


def test_streams_are_capped(stack: Stack, producer: EventProducer, source: str, answers: redis.Redis) -> None:
    short = stack.settings.redis.model_copy(update={"stream_max_length": 100, "batch_rows": 50})
    with running(stack.settings.model_copy(update={"redis": short}), redis_sink.run):
        publish(producer, [match(source, offset) for offset in range(1_000)])
        found = eventually(lambda: streamed(answers, source), lambda offsets: 999 in offsets)
    assert len(found) < 300  # whole nodes of the stream are dropped, so it may be a little longer
    assert found == list(range(1_000 - len(found), 1_000))


def test_works_come_and_go(stack: Stack, producer: EventProducer, answers: redis.Redis, history: Client) -> None:
    name = f"work-{uuid.uuid4().hex[:8]}"
    work = Work(source_id="test", work_id=name, title="Prélude", composer="Chopin", path="28/4.mid", data=b"MThd")
    sql = "SELECT title, composer FROM works FINAL WHERE work_id = {name:String}"
    with running(stack.settings, redis_sink.run, clickhouse_sink.run):
        producer.send("catalogue", work)
        producer.flush()
        found = eventually(lambda: answers.hgetall(redis_keys.work(name)), bool)
        assert found == {"title": "Prélude", "composer": "Chopin", "path": "28/4.mid", "licence": ""}
        eventually(lambda: history.command("EXISTS TABLE works"), bool)
        assert eventually(lambda: history.query(sql, {"name": name}).result_rows, bool) == [("Prélude", "Chopin")]
        producer.send_tombstone("catalogue", name)
        producer.flush()
        assert eventually(lambda: answers.exists(redis_keys.work(name)), lambda count: count == 0) == 0
        assert eventually(lambda: history.query(sql, {"name": name}).result_rows, lambda rows: not rows) == []


def test_views_count_by_minute_and_by_work(stack: Stack, producer: EventProducer, source: str, history: Client) -> None:
    minute = datetime(2020, 1, 2, 3, uuid.uuid4().int % 60, tzinfo=UTC)
    at = int(minute.timestamp() * 1_000_000)
    failed = {"status": "failed", "error": Failure("not_midi", "This is not MIDI."), "candidates": ()}
    events = [
        *(match(source, offset, created_at=at + offset) for offset in range(5)),
        *(match(source, offset, created_at=at + offset, status="unknown") for offset in range(5, 8)),
        *(match(source, offset, created_at=at + offset, **failed) for offset in range(8, 10)),
        match(source, 10, created_at=at + 60_000_000),
    ]
    with running(stack.settings, clickhouse_sink.run):
        publish(producer, events + events[:4])
        eventually(lambda: rows(history, source), lambda found: 10 in found)
        publish(producer, [match(source, 0, created_at=at, made_by="again")])
    counted = history.query(
        "SELECT answers, matched, unknown, failed, sources, latency_p50_ms, latency_max_ms "
        "FROM matches_per_minute WHERE minute = {minute:DateTime} AND kind = 'clip'",
        {"minute": minute},
    ).result_rows
    assert counted == [(10, 5, 3, 2, 1, 4.5, 9.0)]
    by_work = history.query(
        "SELECT work_id, title, matched, confidence FROM works_per_minute WHERE minute = {minute:DateTime}",
        {"minute": minute},
    ).result_rows
    assert by_work == [("bwv-846", "Prelude in C", 5, 0.75)]


def test_rows_made_by_clickhouse_are_those_made_here(stack: Stack, source: str, history: Client) -> None:
    """In bulk ClickHouse decodes the records; single ones are decoded by the sink: the rows are the same."""
    failed: dict[str, Any] = {"status": "failed", "error": Failure("not_midi", "This is not MIDI."), "candidates": ()}
    bare = replace(CANDIDATE, evidence=None, ref_start_beat=None, places=())
    origin = Origin("notes", 1, 2)
    common: dict[str, Any] = {"source_id": source, "event_id": "e", "created_at": 1_700_000_000_123_456}
    events: dict[str, list[Event]] = {
        "matches": [
            match(source, 0, **common),
            match(source, 1, **common | {"trace_context": "00-ab-cd-01"}, status="unknown"),
            match(source, 2, **common | failed),
            match(source, 3, **common, candidates=(bare,), kind="live", clip_id=None, notes_heard=9, time_s=1.5),
        ],
        "beats": [
            Beat(**common, **BEAT, origin=origin),
            Beat(**common, **BEAT | {"number": 2}, origin=origin, work_id="w"),
        ],
        "sections": [
            Section(**common, **SECTION, origin=origin),
            Section(**common, **SECTION | {"start_s": 9.0}, origin=origin, end_s=12.5, clip_id="c", work_id="w"),
        ],
        "triggers": [Trigger(**common, **TRIGGER, origin=origin)],
        "error-events": [
            ErrorEvent(**common, **ERROR_EVENT),
            ErrorEvent(**common, **ERROR_EVENT | {"part": 2}, component="c", location="l", governing_body="g"),
        ],
    }
    assert set(events) == set(clickhouse_sink.BULK_FIELDS)
    codec = EventCodec(stack.settings)
    destination = clickhouse_sink.ClickHouseDestination(stack.settings)
    destination.prepare()
    for topic, given in events.items():
        table = topic.replace("-", "_")
        sql = f"SELECT * EXCEPT source_id FROM {table} FINAL WHERE source_id = {{source:String}} ORDER BY ALL"
        destination.write([Received(Origin(topic, 0, at), b"", 0, event) for at, event in enumerate(given)])
        here = history.query(sql, {"source": source}).result_rows
        history.command(f"ALTER TABLE {table} DELETE WHERE source_id = '{source}' SETTINGS mutations_sync = 1")
        records = BatchReader(topic, ()).read([codec.encode(topic, event) for event in given], codec.register(topic))
        assert records is not None
        destination.write_bulk(topic, records)
        assert history.query(sql, {"source": source}).result_rows == here
        assert len(here) == len(given)
    destination.close()


def test_retention_follows_the_setting(stack: Stack, history: Client) -> None:
    def kept() -> str:
        return str(history.command("SELECT engine_full FROM system.tables WHERE name = 'matches'"))

    for days in (30, 7):
        own = stack.settings.clickhouse.model_copy(update={"retention_days": days})
        clickhouse_sink.ClickHouseDestination(stack.settings.model_copy(update={"clickhouse": own})).prepare()
        assert f"toIntervalDay({days})" in kept()
    clickhouse_sink.ClickHouseDestination(stack.settings).prepare()
    assert "TTL" not in kept()


def test_sinks_that_are_killed_and_share_the_work_lose_nothing_and_keep_nothing_twice(
    stack: Stack, producer: EventProducer, source: str, answers: redis.Redis, history: Client
) -> None:
    workers = [stack.add(kind) for kind in ("redis-sink", "redis-sink", "clickhouse-sink", "clickhouse-sink")]
    sources = [f"{source}-{number}" for number in range(8)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_healthy()
        for first in range(0, 300, 100):
            publish(producer, [match(name, offset) for offset in range(first, first + 100) for name in sources])
            for worker in workers[::2]:
                worker.kill()
                worker.start()
        for name in sources:
            assert eventually(lambda name=name: streamed(answers, name), lambda found: 299 in found) == list(range(300))
            assert eventually(lambda name=name: rows(history, name), lambda found: 299 in found) == list(range(300))
    finally:
        for worker in workers:
            worker.stop()
