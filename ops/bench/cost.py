"""``continuo bench cost``: what Kafka, Avro and Faust add to identifying a clip, beside the same call alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import psutil
from confluent_kafka import Consumer, Producer, TopicPartition

from connectors.consumer import EventReader
from connectors.kafka_client import client_config
from connectors.producer import EventProducer
from ops.answers import matches
from ops.demo.material import AS_WRITTEN, DemoClip, clips_of_works
from processors.identify import Catalogue, Identifier
from processors.midi import cut, read_midi
from schemas import codec, topics
from schemas.events import Clip, Match

from .core_time import core_s
from .pace import at
from .quantiles import quantiles
from .rig import Rig, rig, run_in

SILENCE_S = 30.0
SETTLE = 50
SCHEMA_ID = 1
REPEATS = 20
HOPS = 200


def cost(clips: int, per_s: float, seed: int) -> dict[str, Any]:
    """Send the same clips through Kafka at an even rate, and identify them in this process.

    Returns:
        ``direct_ms``: reading and identifying in process, at the same rate; ``streamed_ms``: from publishing to the
        answer read back; ``added_ms``: of each clip, the latter without what the worker itself took to identify;
        ``plain_hop_ms``: from a plain producer to a plain consumer of the same brokers, once;
        ``avro_ms``: to encode and decode a clip and its answer; ``worker_core_ms`` and ``direct_core_ms``: processor
        time a clip.
    """
    with rig(("kafka", "registry"), ("clips",)) as made:
        material = clips_of_works(made.works, clips + SETTLE, np.random.default_rng(seed), AS_WRITTEN)
        run_in(made)
        identifier = Identifier(Catalogue.open(made.settings.catalogue_dir))
        identifier.warm_up()
        direct_ms, direct_core_ms = _directly(identifier, material, per_s)
        worker = psutil.Process(made.stack.part("clips").pid)
        answers, streamed_ms, worker_s = _streamed(made, material, per_s, worker)
        added_ms = [streamed - answer.compute_ms for streamed, answer in zip(streamed_ms, answers, strict=True)]
        return {
            "clips": clips,
            "clips_per_s": per_s,
            "direct_ms": quantiles(direct_ms),
            "streamed_ms": quantiles(streamed_ms),
            "added_ms": quantiles(added_ms),
            "plain_hop_ms": quantiles(_plain_hop_ms(made, [clip.data for clip in material[:HOPS]], per_s)),
            "avro_ms": _avro_ms(material[0], answers[0]),
            "direct_core_ms": round(direct_core_ms, 3),
            "worker_core_ms": round(worker_s * 1000.0 / clips, 3),
            "added_core_percent": round((worker_s / clips - direct_core_ms / 1000.0) * per_s * 100.0, 2),
        }


def _directly(identifier: Identifier, material: Sequence[DemoClip], per_s: float) -> tuple[list[float], float]:
    timings_ms = []
    for clip in material[:SETTLE]:
        identifier.identify(cut(read_midi(clip.data), 0.0, None))
    began_s = time.process_time()
    measured = material[SETTLE:]
    for clip, _ in zip(measured, at(np.arange(len(measured)) / per_s), strict=True):  # a processor that rests is slower
        start = time.perf_counter()
        identifier.identify(cut(read_midi(clip.data), 0.0, None))
        timings_ms.append((time.perf_counter() - start) * 1000.0)
    return timings_ms, (time.process_time() - began_s) * 1000.0 / len(timings_ms)


def _streamed(
    made: Rig, material: Sequence[DemoClip], per_s: float, worker: psutil.Process
) -> tuple[list[Match], list[float], float]:
    """The answers to all clips but the first, how long each took, and what the worker computed meanwhile."""
    sent_at: dict[str, float] = {}
    began_s: list[float] = []

    def publish() -> None:
        with EventProducer(made.settings, made.codec) as producer:
            for number, (clip, _) in enumerate(zip(material, at(np.arange(len(material)) / per_s), strict=True)):
                if number == SETTLE:
                    began_s.append(core_s(worker))
                sent_at[clip.clip_id] = time.perf_counter()
                event = Clip(
                    source_id=f"cost-{number % 8}", clip_id=clip.clip_id, kind="midi", name=clip.name, data=clip.data
                )
                producer.send(topics.CLIPS.name, event)

    found: dict[str, tuple[Match, float]] = {}
    with EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader:
        sender = threading.Thread(target=publish)
        sender.start()
        for match in matches(reader, SILENCE_S):
            if match.clip_id in sent_at and match.clip_id not in found:
                found[match.clip_id or ""] = match, (time.perf_counter() - sent_at[match.clip_id or ""]) * 1000.0
            if len(found) == len(material):
                break
        sender.join()
    measured = [found[clip.clip_id] for clip in material[SETTLE:]]
    return [match for match, _ in measured], [took for _, took in measured], core_s(worker) - began_s[0]


def _plain_hop_ms(made: Rig, values: Sequence[bytes], per_s: float) -> list[float]:
    """Through a topic that nobody else reads meanwhile."""
    place = TopicPartition(topics.QUERIES.name, 0, 0)
    consumer = Consumer(client_config(made.settings) | {"group.id": "continuo-reader", "enable.auto.commit": False})
    producer = Producer(client_config(made.settings) | {"enable.idempotence": True, "acks": "all", "linger.ms": 0})
    timings_ms = []
    try:
        consumer.assign([place])
        for value, _ in zip(values, at(np.arange(len(values)) / per_s), strict=True):
            start = time.perf_counter()
            producer.produce(place.topic, value, partition=place.partition)
            while (received := consumer.poll(SILENCE_S)) is not None and received.error() is not None:
                continue
            timings_ms.append((time.perf_counter() - start) * 1000.0)
    finally:
        consumer.close()
        producer.flush(SILENCE_S)
    return timings_ms[1:]


def _avro_ms(clip: DemoClip, answer: Match) -> dict[str, float]:
    event = Clip(source_id="cost", clip_id=clip.clip_id, kind="midi", name=clip.name, data=clip.data)
    values = {topics.CLIPS.name: event, topics.MATCHES.name: answer}
    timings: dict[str, float] = {}
    for topic, value in values.items():
        written = codec.encode(topic, value, SCHEMA_ID)
        timings[f"encode {topic}"] = _best_ms(lambda t=topic, v=value: codec.encode(t, v, SCHEMA_ID))  # type: ignore[misc]
        timings[f"decode {topic}"] = _best_ms(
            lambda t=topic, w=written: codec.decode(t, w, lambda _: codec.parsed_schema(t))  # type: ignore[misc]
        )
    return timings


def _best_ms(call: Callable[[], object]) -> float:
    timings = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        call()
        timings.append(time.perf_counter() - start)
    return round(min(timings) * 1000.0, 4)
