"""Who plays in the demo: one who publishes clips, one who plays live, and one who sends rubbish."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Producer

from connectors.blob_store import BlobStore
from connectors.kafka_client import client_config
from connectors.midi_bridge import MidiBridge
from connectors.producer import EventProducer
from connectors.publisher import ClipPublisher
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas import topics
from streams.wants import INSTRUMENTS

from .material import DemoClip
from .sound import CLIP
from .view import DemoView

SOURCES = 8
RUBBISH = (b"no Avro at all", b"\x00\x00\x0f\x42\x40" + b"of a schema that nobody knows")


def publish_clips(
    settings: Settings,
    codec: EventCodec,
    clips: Sequence[DemoClip],
    sung: bytes,
    per_s: float,
    run: str,
    view: DemoView,
) -> None:
    """Ask for the instruments of ``sung``, and publish ``clips`` at an even rate; sources begin with ``run``."""
    with ClipPublisher(settings, codec, BlobStore(settings)) as publisher:
        publisher.publish(sung, f"{run}-sung", clip_id=f"{run}-{CLIP}", name="tune.wav", wants=(INSTRUMENTS,))
        view.sound.asked = True
        start = time.perf_counter()
        for number, clip in enumerate(clips):
            time.sleep(max(0.0, start + number / per_s - time.perf_counter()))
            source_id = f"{run}-{number % SOURCES}"
            publisher.publish(clip.data, source_id, clip_id=f"{run}-{clip.clip_id}", name=clip.name, kind="midi")
            view.published += 1


def send_rubbish(settings: Settings, run: str) -> int:
    """Put records that are no clips onto ``clips``, as a faulty producer would; says how many."""
    producer = Producer(client_config(settings))
    for value in RUBBISH:
        producer.produce(topics.CLIPS.name, value, key=f"{run}-faulty".encode())
    producer.flush()
    return len(RUBBISH)


def play_live(settings: Settings, codec: EventCodec, midi: bytes, source_id: str, stop: threading.Event) -> None:
    """Play a MIDI file through the live bridge in real time."""
    with tempfile.TemporaryDirectory() as folder, EventProducer(settings, codec) as producer:
        file = Path(folder, "live.mid")
        file.write_bytes(midi)
        MidiBridge(settings, producer, source_id).play_file(file, stop)
