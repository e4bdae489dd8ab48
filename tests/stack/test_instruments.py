"""Instruments of clips, from the topic ``clips`` to the topic ``instruments``, Redis and ClickHouse."""

from __future__ import annotations

import io
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import redis
import soundfile

from connectors.blob_store import BlobStore
from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import EventReader
from connectors.group_lag import BehindError, GroupLag
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks import redis_keys
from connectors.sinks.clickhouse_schema import migrate
from ops.audit import run_audit
from ops.audit.sound import read_sound
from ops.stack import Stack
from processors.instruments import LABELS, InstrumentDetector
from schemas import topics
from schemas.events import Clip, Origin
from schemas.sound import Instrumentation, Spectra

pytestmark = pytest.mark.stack
RATE_HZ = 22_050
PATIENCE_S = 90.0


def tone(seconds: float, hz: float = 330.0) -> np.ndarray:
    return (0.4 * np.sin(2 * np.pi * hz * np.arange(int(seconds * RATE_HZ)) / RATE_HZ)).astype(np.float32)


def wav(samples: np.ndarray) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return out.getvalue()


@dataclass
class Listening:
    """Publishes clips and waits for their instruments."""

    producer: EventProducer
    reader: EventReader
    blobs: BlobStore

    def send(self, data: bytes, wants: tuple[str, ...] = ("instruments",), **fields: object) -> str:
        clip_id = f"instruments-{uuid.uuid4()}"
        inline = len(data) < 400_000
        values: dict[str, object] = {"kind": "audio", "name": "a.wav", **fields}
        clip = Clip(
            source_id=f"ears-{clip_id}",
            clip_id=clip_id,
            data=data if inline else None,
            blob=None if inline else self.blobs.put(data),
            wants=wants,
            **values,  # type: ignore[arg-type]
        )
        self.producer.send(topics.CLIPS.name, clip)
        self.producer.flush()
        return clip_id

    def answer(self, clip_id: str) -> Instrumentation:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            received = self.reader.poll()
            event = received.event if received else None
            if isinstance(event, Instrumentation) and event.clip_id == clip_id:
                return event
        raise AssertionError(f"No instruments of {clip_id} within {PATIENCE_S:g} s.")

    def ask(self, data: bytes, **fields: object) -> Instrumentation:
        return self.answer(self.send(data, **fields))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def listening(stack: Stack, settings: Settings) -> Iterator[Listening]:
    codec = EventCodec(settings)
    workers = [stack.add(kind) for kind in ("preprocess", "detect", "redis-sink", "clickhouse-sink")]
    with (
        EventReader(settings, codec, [topics.INSTRUMENTS.name], "latest") as reader,
        EventProducer(settings, codec) as producer,
    ):
        for worker in workers:
            worker.start()
        yield Listening(producer, reader, BlobStore(settings))
        for worker in workers:
            worker.stop()


def test_a_clip_is_answered_as_the_detector_alone_does(listening: Listening) -> None:
    data = wav(tone(4.0))
    answer = listening.ask(data)
    assert answer.status == "detected"
    assert answer.error is None
    assert answer.duration_s == pytest.approx(4.0)
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    alone = InstrumentDetector().detect(samples, rate_hz)
    told = {one.label: one.probability for one in answer.instruments}
    assert told == pytest.approx(dict(zip(LABELS, alone.probability.tolist(), strict=True)), abs=1e-4)
    assert {len(one.by_second) for one in answer.instruments} <= {0, 4}


def test_a_long_clip_travels_by_claim_check(listening: Listening) -> None:
    answer = listening.ask(wav(tone(110.0)))
    assert answer.status == "detected"
    assert answer.duration_s == pytest.approx(110.0)


def test_a_part_of_a_clip(listening: Listening) -> None:
    assert listening.ask(wav(tone(5.0)), start_s=1.0, length_s=2.0).duration_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("data", "fields", "reason"),
    [
        (b"Dear musicians, please find attached the score.", {}, "bad_audio"),
        (b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", {"kind": "midi", "name": "a.mid"}, "unsupported"),
        (wav(tone(1.0)), {"start_s": 30.0}, "clip_outside_file"),
        (wav(tone(1.0)), {"length_s": 1e9}, "too_long"),
    ],
    ids=["text", "midi", "outside", "too long"],
)
def test_a_bad_clip_is_answered_by_its_reason(
    listening: Listening, data: bytes, fields: dict[str, object], reason: str
) -> None:
    answer = listening.ask(data, **fields)
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.type == reason
    assert not answer.instruments
    assert listening.ask(wav(tone(1.0))).status == "detected"


def test_redis_and_clickhouse_hold_the_answer(listening: Listening, settings: Settings) -> None:
    answer = listening.ask(wav(tone(2.0)))
    query = "SELECT instruments[1], status FROM instruments FINAL WHERE clip_id = {clip:String}"
    deadline = time.monotonic() + PATIENCE_S
    client = clickhouse_client(settings)
    store = redis.Redis.from_url(settings.redis_url)
    try:
        migrate(client, 0)  # the sink may not have come so far
        while True:
            text = store.get(redis_keys.instruments(answer.clip_id))
            rows = client.query(query, {"clip": answer.clip_id}).result_rows
            if text is not None and rows:
                break
            assert time.monotonic() < deadline, "A sink has not written the answer."
            time.sleep(0.2)
        assert answer.event_id.encode() in text  # type: ignore[operator]
        assert rows == [(answer.instruments[0].label, "detected")]
    finally:
        client.close()
        store.close()


def test_the_audit_counts_instruments(listening: Listening, settings: Settings) -> None:
    answer = listening.ask(wav(tone(1.0)))
    deadline = time.monotonic() + PATIENCE_S
    while True:
        audit = run_audit(settings)
        of_clips, of_store = audit.topics["clips, instruments"], audit.stores["clickhouse, instruments"]
        assert (of_clips.lost, of_store.lost, of_store.duplicated) == (0, 0, 0)
        if not of_clips.waiting and not of_store.waiting:
            break
        assert time.monotonic() < deadline, audit.to_json()
        time.sleep(0.5)
    sound = read_sound(settings, EventCodec(settings))
    assert sound.answers[answer.origin] == 1
    assert of_clips.records == of_clips.answered == of_store.expected > 0


def test_who_decodes_waits_for_who_judges(listening: Listening, settings: Settings) -> None:
    # a group that has judged nothing is as far behind as there are spectra
    event = Spectra(
        source_id="ears",
        origin=Origin(topics.CLIPS.name, 0, 0),
        clip_id="waits",
        name="a.wav",
        made_by="test",
        clip_created_at=0,
        duration_s=0.0,
        starts=(),
        prepare_ms=0.0,
    )
    listening.producer.send(topics.SPECTRA.name, event)
    listening.producer.flush()
    lag = GroupLag(settings, f"continuo-idle-{uuid.uuid4()}", topics.SPECTRA.name)
    lag.require_below(1_000_000)
    with pytest.raises(BehindError, match="wait for continuo-idle"):
        lag.require_below(1)
    lag.close()
