"""Clips on real Kafka: inline or as a claim check, once each, readable by any client."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from connectors.blob_store import BlobStore
from connectors.consumer import EventReader, Received
from connectors.kafka_client import KafkaUnavailableError
from connectors.producer import DeliveryError, EventProducer
from connectors.publisher import ClipError, ClipPublisher
from connectors.registry import EventCodec
from connectors.settings import BlobSettings, KafkaSettings, Settings
from ops.stack import Stack
from ops.stack.environment import environment_with
from schemas.events import Clip, NoteEvent, Work

MIDI = b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"


@pytest.fixture
def codec(stack: Stack, settings: Settings) -> EventCodec:
    return EventCodec(settings)


@pytest.fixture
def publisher(settings: Settings, codec: EventCodec) -> ClipPublisher:
    return ClipPublisher(settings, codec, BlobStore(settings))


@pytest.fixture
def source() -> str:
    return f"tester-{uuid.uuid4()}"


def clips_of(source: str, settings: Settings, codec: EventCodec) -> list[tuple[Received, Clip]]:
    with EventReader(settings, codec, ["clips"]) as reader:
        return [
            (received, received.event)
            for received in reader.to_end()
            if isinstance(received.event, Clip) and received.event.source_id == source
        ]


def test_small_clips_travel_inline_and_in_order(
    publisher: ClipPublisher, settings: Settings, codec: EventCodec, source: str
) -> None:
    with publisher:
        sent = [
            publisher.publish(
                MIDI, source, name=f"{i}.mid", start_s=float(i), length_s=5.0, wants=("identify", "beats")
            )
            for i in range(200)
        ]
    received = clips_of(source, settings, codec)
    assert [clip for _, clip in received] == sent
    assert {record.key for record, _ in received} == {source.encode()}
    assert len({record.origin.partition for record, _ in received}) == 1


def test_large_clips_travel_as_a_claim_check(
    publisher: ClipPublisher, settings: Settings, codec: EventCodec, source: str, tmp_path: Path
) -> None:
    limit = settings.blobs.inline_max_bytes
    small, large = tmp_path / "small.wav", tmp_path / "large.wav"
    small.write_bytes(bytes(limit))
    large.write_bytes(bytes(limit) + b"!")
    with publisher:
        publisher.publish(small, source)
        publisher.publish(large, source, clip_id="the large one")
    (_, inline), (_, checked) = clips_of(source, settings, codec)
    assert (inline.kind, inline.name, inline.data, inline.blob) == ("audio", "small.wav", bytes(limit), None)
    assert (checked.clip_id, checked.data) == ("the large one", None)
    assert checked.blob is not None
    assert BlobStore(settings).get(checked.blob) == large.read_bytes()


def test_the_trace_goes_into_the_event_and_the_headers(
    publisher: ClipPublisher, settings: Settings, codec: EventCodec, source: str
) -> None:
    mine = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    with publisher:
        publisher.publish(MIDI, source, trace_context=mine)
        fresh = publisher.publish(MIDI, source).trace_context
    found = clips_of(source, settings, codec)
    assert [clip.trace_context for _, clip in found] == [mine, fresh]
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": "headers"})
    origin = found[0][0].origin
    consumer.assign([TopicPartition(origin.topic, origin.partition, origin.offset)])
    message = consumer.poll(30)
    consumer.close()
    assert message is not None
    assert message.headers() == [("traceparent", mine.encode())]


def test_what_cannot_be_published_is_refused_before_it_is_sent(
    publisher: ClipPublisher, settings: Settings, codec: EventCodec, source: str, tmp_path: Path
) -> None:
    with pytest.raises(ClipError, match="neither MIDI nor audio"):
        publisher.publish(b"hello", source, name="letter.txt")
    with pytest.raises(ClipError, match=r"gone\.mid cannot be read: No such file"):
        publisher.publish(tmp_path / "gone.mid", source)
    tight = settings.model_copy(update={"blobs": BlobSettings(max_bytes=10)})
    with pytest.raises(ClipError, match=r"the limit is 10"):
        ClipPublisher(tight, codec, BlobStore(tight)).publish(MIDI, source)
    publisher.flush()
    assert clips_of(source, settings, codec) == []


def test_a_full_queue_holds_the_publisher_up_and_loses_nothing(
    settings: Settings, codec: EventCodec, source: str
) -> None:
    narrow = settings.model_copy(update={"kafka": settings.kafka.model_copy(update={"queue_max_records": 10})})
    with ClipPublisher(narrow, codec, BlobStore(narrow)) as publisher:
        sent = [publisher.publish(MIDI, source).clip_id for _ in range(500)]
    assert [clip.clip_id for _, clip in clips_of(source, settings, codec)] == sent


def test_a_broker_restart_is_waited_for(
    stack: Stack, publisher: ClipPublisher, settings: Settings, codec: EventCodec, source: str
) -> None:
    with publisher:
        sent = [publisher.publish(MIDI, source).clip_id for _ in range(20)]
        stack.part("kafka").stop()
        sent += [publisher.publish(MIDI, source).clip_id for _ in range(20)]
        stack.part("kafka").start()
        stack.part("kafka").wait_healthy()
        sent += [publisher.publish(MIDI, source).clip_id for _ in range(20)]
    assert Counter(clip.clip_id for _, clip in clips_of(source, settings, codec)) == Counter(sent)


def test_what_is_not_delivered_is_told(settings: Settings, codec: EventCodec, source: str) -> None:
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:9", delivery_timeout_s=1.0, connect_timeout_s=1.0)
    away = settings.model_copy(update={"kafka": kafka})
    publisher = ClipPublisher(away, codec, BlobStore(away))
    with pytest.raises(KafkaUnavailableError, match="continuo up"):
        publisher.require()
    publisher.publish(MIDI, source)
    publisher.publish(MIDI, source)
    with pytest.raises(DeliveryError, match="2 events were not delivered"):
        publisher.flush()
    publisher.flush()


def test_an_event_over_the_brokers_limit_is_told(settings: Settings, codec: EventCodec, source: str) -> None:
    wide = settings.model_copy(update={"blobs": BlobSettings(inline_max_bytes=64 << 20)})
    publisher = ClipPublisher(wide, codec, BlobStore(wide))
    with pytest.raises(DeliveryError, match="refuses the event"):
        publisher.publish(MIDI + bytes(3 << 20), source)
    publisher.publish(MIDI + bytes(3 << 19), source)  # passes the library, but not the topic's own limit
    with pytest.raises(DeliveryError, match="1 events were not delivered"):
        publisher.flush()


def test_keys_and_tombstones(settings: Settings, codec: EventCodec, stack: Stack) -> None:
    work_id = f"work-{uuid.uuid4()}"
    work = Work(source_id="importer", work_id=work_id, title="t", composer="c", path="p", data=MIDI)
    with EventReader(settings, codec, ["catalogue"], "latest") as reader:
        with EventProducer(settings, codec) as producer:
            producer.send("catalogue", work)
            producer.send_tombstone("catalogue", work_id)
        received = list(islice(reader.events(), 2))
    assert [(found.key, found.event) for found in received] == [(work_id.encode(), work), (work_id.encode(), None)]


def test_a_reader_from_latest_sees_what_is_sent_after_it_was_made(
    settings: Settings, codec: EventCodec, stack: Stack, source: str
) -> None:
    note = NoteEvent(source_id=source, session_id="s", sequence=0, time_s=0.0, type="note_on", pitch=60, velocity=1)
    with EventReader(settings, codec, ["notes"], "latest") as reader, EventProducer(settings, codec) as producer:
        assert list(reader.to_end()) == []
        producer.send("notes", note)
        producer.flush()
        received = next(reader.events())
    assert received.event == note


def test_publish_and_listen_from_the_command_line(
    stack: Stack, settings: Settings, source: str, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.mid").write_bytes(MIDI)
    (folder / "a.wav").write_bytes(b"RIFF")
    (folder / "cover.jpg").write_bytes(b"")
    odd = tmp_path / "letter.txt"
    odd.write_text("hello")

    published = continuo(settings, "publish", str(odd), str(folder), "--source-id", source, "--json")
    rows = [json.loads(line) for line in published.stdout.splitlines()]
    assert [(Path(row["path"]).name, row["status"]) for row in rows] == [
        ("letter.txt", "refused"),
        ("a.wav", "published"),
        ("b.mid", "published"),
    ]
    assert published.returncode == 3

    heard = continuo(settings, "listen", "clips", "--from", "earliest", "--source", source, "--to-end", "--json")
    clips = [json.loads(line) for line in heard.stdout.splitlines()]
    assert [(clip["name"], clip["kind"], clip["clip_id"]) for clip in clips] == [
        ("a.wav", "audio", rows[1]["clip_id"]),
        ("b.mid", "midi", rows[2]["clip_id"]),
    ]
    assert {clip["record"]["topic"] for clip in clips} == {"clips"}
    assert heard.returncode == 0


def test_the_command_line_waits_for_answers_up_to_its_limit(
    stack: Stack, settings: Settings, source: str, tmp_path: Path
) -> None:
    (tmp_path / "a.mid").write_bytes(MIDI)
    arguments = ("publish", str(tmp_path / "a.mid"), "--source-id", source, "--wait", "--timeout", "1", "--json")
    result = continuo(settings, *arguments)
    assert json.loads(result.stdout)["status"] == "unanswered"
    assert result.returncode == 3


def continuo(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli", *arguments]
    return subprocess.run(command, env=environment_with(settings), capture_output=True, text=True, timeout=120)
