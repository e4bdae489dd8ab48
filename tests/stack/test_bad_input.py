"""Inputs that cannot be answered: each says why, and the worker answers a good clip afterwards."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

import fastavro
import numpy as np
import pytest
import soundfile
from confluent_kafka import Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from connectors.blob_store import BlobStore
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from processors.identify import Catalogue
from processors.midi import write_midi
from processors.notes import Notes
from schemas import codec as plain_codec
from schemas.events import BlobRef, Clip, DeadLetter, Match
from tests.processors.onsets.tones import play

from .music import make_piece
from .replies import Replies, replies_from_now

PIECE = make_piece(1)
RATE_HZ = 22_050

pytestmark = pytest.mark.stack


@dataclass
class Asking:
    """Publishes inputs and waits for what becomes of them."""

    settings: Settings
    codec: EventCodec
    blobs: BlobStore
    producer: EventProducer
    replies: Replies
    count: int = 0

    def ask(self, data: bytes | None, **fields: object) -> Match:
        self.count += 1
        clip_id = f"bad-input-{self.count}"
        values: dict[str, object] = {"kind": "midi", "name": "a.mid", "data": data, **fields}
        self.producer.send("clips", Clip(source_id="tester", clip_id=clip_id, **values))  # type: ignore[arg-type]
        self.producer.flush()
        return self.replies.of_clip(clip_id)

    def send_raw(self, value: bytes | None) -> DeadLetter:
        """Send bytes that may be no event at all."""
        self.count += 1
        key = f"raw-{self.count}".encode()
        producer = Producer({"bootstrap.servers": self.settings.bootstrap_servers})
        producer.produce("clips", value, key)
        producer.flush()
        return self.replies.dead_letter(lambda letter: letter.key == key, "the raw record")


@pytest.fixture(scope="module")
def asking(stack: Stack, settings: Settings) -> Iterator[Asking]:
    codec, blobs = EventCodec(settings), BlobStore(settings)
    Catalogue.update(settings.catalogue_dir, [PIECE.entry()])
    worker = stack.add("clips")
    with replies_from_now(settings, codec) as replies, EventProducer(settings, codec) as producer:
        worker.start()
        yield Asking(settings, codec, blobs, producer, replies)
        worker.stop()


@pytest.fixture(autouse=True)
def _worker_goes_on(asking: Asking) -> Iterator[None]:
    yield
    answer = asking.ask(PIECE.clip(20.0))
    assert answer.status == "matched"
    assert answer.candidates[0].work_id == PIECE.work_id


def failure(answer: Match, reason: str) -> str:
    """The sentence of a failed answer."""
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.type == reason
    assert not answer.candidates
    return answer.error.message


def test_not_midi_at_all(asking: Asking) -> None:
    assert "not a Standard MIDI File" in failure(asking.ask(b"hello, world"), "not_midi")


def test_truncated_midi(asking: Asking) -> None:
    assert "truncated" in failure(asking.ask(PIECE.midi[:200]), "truncated")


def test_no_notes(asking: Asking) -> None:
    nothing = write_midi(Notes.of(np.zeros(0), np.zeros(0, np.int64)))
    assert "no pitched notes" in failure(asking.ask(nothing), "no_notes")


def test_a_million_notes(asking: Asking) -> None:
    count = 1_000_000
    flood = write_midi(Notes.of(np.arange(count) * 0.001, np.arange(count) % 88 + 21, np.full(count, 0.001)))
    message = failure(asking.ask(None, blob=asking.blobs.put(flood)), "too_many_notes")
    assert "1000000 notes" in message


def test_clip_longer_than_its_file(asking: Asking) -> None:
    message = failure(asking.ask(PIECE.midi, start_s=30.0, length_s=600.0), "clip_outside_file")
    assert "the file ends at" in message


def test_claim_check_whose_blob_is_gone(asking: Asking) -> None:
    digest = "ab" * 32
    gone = BlobRef(f"{digest[:2]}/{digest}", digest, 1000)
    assert "not in the blob store" in failure(asking.ask(None, blob=gone), "blob_missing")


def test_claim_check_whose_hash_differs(asking: Asking) -> None:
    ref = asking.blobs.put(PIECE.midi)
    path = asking.settings.blob_url.removeprefix("file://") + f"/{ref.key}"
    with open(path, "r+b") as file:
        file.write(b"XXXX")
    assert "differ" in failure(asking.ask(None, blob=ref), "blob_damaged")


def test_clip_without_bytes(asking: Asking) -> None:
    assert "neither bytes nor a claim check" in failure(asking.ask(None), "no_data")


def test_audio_of_zero_length(asking: Asking) -> None:
    message = failure(asking.ask(wav(np.zeros(0, np.float32)), kind="audio", name="a.wav"), "bad_audio")
    assert "zero length" in message


def test_audio_with_nan_samples(asking: Asking) -> None:
    samples = np.zeros(RATE_HZ, np.float32)
    samples[100:200] = np.nan
    assert "NaN" in failure(asking.ask(wav(samples), kind="audio", name="a.wav"), "bad_audio")


def test_audio_of_a_work_is_no_bad_input(asking: Asking) -> None:
    samples = play(PIECE.notes.between(30.0, 42.0), RATE_HZ)
    answer = asking.ask(None, blob=asking.blobs.put(wav(samples)), kind="audio", name="a.wav")
    assert answer.error is None
    assert answer.status == "matched"
    assert answer.candidates[0].work_id == PIECE.work_id


def test_bytes_with_an_unknown_schema_id(asking: Asking) -> None:
    letter = asking.send_raw(plain_codec.HEADER.pack(0, 4_000_000) + b"whatever")
    assert letter.error_type == "undecodable"
    assert "no schema with the id 4000000" in letter.message
    assert letter.value is not None


def test_bytes_that_are_no_event(asking: Asking) -> None:
    letter = asking.send_raw(b"neither header nor schema")
    assert "Confluent header" in letter.message


def test_tombstone_where_none_belongs(asking: Asking) -> None:
    assert asking.send_raw(None).error_type == "undecodable"


def test_event_of_a_newer_schema(asking: Asking) -> None:
    # a newer producer, with a field that this version does not know, is read all the same
    schema = json.loads(plain_codec.schema_text("clips"))
    schema["fields"].append({"name": "mood", "type": "string", "default": ""})
    registry = SchemaRegistryClient({"url": asking.settings.registry_url})
    number = registry.register_schema("clips-of-a-newer-version-value", Schema(json.dumps(schema), "AVRO"))
    clip = Clip(source_id="tester", clip_id="newer", kind="midi", name="a.mid", data=PIECE.clip(10.0))
    out = io.BytesIO()
    out.write(plain_codec.HEADER.pack(0, number))
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema), {**plain_codec._to_plain(clip), "mood": "calm"})
    producer = Producer({"bootstrap.servers": asking.settings.bootstrap_servers})
    producer.produce("clips", out.getvalue(), b"tester")
    producer.flush()
    assert asking.replies.of_clip("newer").status == "matched"


def test_event_of_an_incompatible_schema(asking: Asking) -> None:
    schema = {"type": "record", "name": "Clip", "namespace": "continuo", "fields": [{"name": "x", "type": "string"}]}
    registry = SchemaRegistryClient({"url": asking.settings.registry_url})
    number = registry.register_schema("something-else-value", Schema(json.dumps(schema), "AVRO"))
    letter = asking.send_raw(plain_codec.HEADER.pack(0, number) + b"\x02a")
    assert letter.error_type == "undecodable"
    assert "cannot be read as an event of 'clips'" in letter.message


def test_wants_that_nobody_fulfils(asking: Asking) -> None:
    assert "only does identify" in failure(asking.ask(PIECE.midi, wants=("divination",)), "unsupported")


def test_source_too_long_for_an_answer(asking: Asking) -> None:
    # the answer repeats the source's name, as its key too: it does not fit on the topic, and is refused instead
    source_id = "s" * 500_000
    asking.producer.send(
        "clips", Clip(source_id=source_id, clip_id="long", kind="midi", name="a.mid", data=PIECE.clip(5.0))
    )
    asking.producer.flush()
    letter = asking.replies.dead_letter(lambda letter: letter.error_type == "result_too_large", "the long source")
    assert "too long" in letter.message


def wav(samples: np.ndarray) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, RATE_HZ, format="WAV", subtype="FLOAT")
    return out.getvalue()
