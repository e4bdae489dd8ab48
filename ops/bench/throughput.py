"""``continuo bench throughput``: clips through Kafka and Faust, beside the same calls in one process."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from ops.answers import matches
from ops.demo.material import DemoClip, clips_of_works
from processors.identify import Catalogue, Identifier
from processors.midi import cut, read_midi
from schemas import topics
from schemas.events import Clip

from .rig import Rig, rig

SILENCE_S = 60.0
SOURCES = 64


def throughput(count: int, rounds: int, seed: int) -> dict[str, Any]:
    """Measure both ways in turn, ``rounds`` times on the same clips, and compare the medians.

    Direct is one thread that reads the MIDI and identifies. Streamed is one worker with one computing thread, from
    the first clip published to the last answer read back; publisher, broker and reader share the machine with it.

    Returns:
        ``streamed_per_s``, ``direct_per_s``, their ``ratio``, and both for each round.
    """
    with rig(("kafka", "registry"), ("clips",)) as made:
        clips = clips_of_works(made.works, count, np.random.default_rng(seed))
        identifier = Identifier(Catalogue.open(made.settings.catalogue_dir))
        identifier.warm_up()
        direct: list[float] = []
        streamed: list[float] = []
        for number in range(rounds):
            direct.append(count / _direct_s(identifier, clips))
            streamed.append(count / _streamed_s(made, clips, number))
    return {
        "streamed_per_s": round(float(np.median(streamed)), 1),
        "direct_per_s": round(float(np.median(direct)), 1),
        "ratio": round(float(np.median(streamed) / np.median(direct)), 3),
        "rounds": [
            {"streamed_per_s": round(a, 1), "direct_per_s": round(b, 1)} for a, b in zip(streamed, direct, strict=True)
        ],
        "clips": count,
        "works": len(made.works),
    }


def _direct_s(identifier: Identifier, clips: list[DemoClip]) -> float:
    start = time.perf_counter()
    for clip in clips:
        identifier.identify(cut(read_midi(clip.data), 0.0, None))
    return time.perf_counter() - start


def _streamed_s(made: Rig, clips: list[DemoClip], round_number: int) -> float:
    events = [
        Clip(
            source_id=f"bench-{number % SOURCES}",
            clip_id=f"{round_number}-{clip.clip_id}",
            kind="midi",
            name=clip.name,
            data=clip.data,
        )
        for number, clip in enumerate(clips)
    ]
    waiting = {event.clip_id for event in events}
    with EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader:
        start = time.perf_counter()
        with EventProducer(made.settings, made.codec) as producer:
            for event in events:
                producer.send(topics.CLIPS.name, event)
        for match in matches(reader, SILENCE_S):
            waiting.discard(match.clip_id or "")
            if not waiting:
                return time.perf_counter() - start
    raise TimeoutError(f"{len(waiting)} clips have no answer after {SILENCE_S:g} s of silence.")
