"""``continuo bench latency``: from publishing to the answer read back from ``matches``."""

from __future__ import annotations

import threading
import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from ops.answers import matches
from ops.demo.material import AS_WRITTEN, DISTURBED, DemoClip, Manner, clips_of_works
from schemas import topics
from schemas.events import Clip

from .pace import at
from .players import player
from .quantiles import quantiles
from .rig import Rig, rig, run_in

SILENCE_S = 30.0
SOURCES = 16
SETTLE_S = 5.0
"""Played before the measured part, so that caches and connections are as in a worker that has been up."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is offered: clips at an even rate, then players at an even rate each.

    Attributes:
        clips_per_s, clip_seconds: how many clips a second, and for how long.
        players, notes_per_s, live_seconds: how many players, how many notes a second each, and for how long.
    """

    clips_per_s: float
    clip_seconds: float
    players: int
    notes_per_s: float
    live_seconds: float


def latency(load: Load, seed: int) -> dict[str, Any]:
    """Measure clips and live notes, one after the other, on one stack.

    Clips are played once as a pianist plays, in the key of the work, and once as in the demo: in any key, much
    faster or slower, with a tenth of the notes dropped and a tenth added.

    Returns:
        ``clip``, ``disturbed_clip`` and ``live``: count and quantiles in milliseconds, and in ``compute`` those of
        the identification alone; and the load that was offered.
    """
    with rig(("kafka", "registry"), ("clips", "live")) as made:
        rng = np.random.default_rng(seed)
        run_in(made)
        return {
            "clip": _clip_latency(made, load, AS_WRITTEN, rng),
            "disturbed_clip": _clip_latency(made, load, DISTURBED, rng),
            "live": _live_latency(made, load.players, load.notes_per_s, load.live_seconds, rng),
            "load": asdict(load),
            "works": len(made.works),
        }


def _clip_latency(made: Rig, load: Load, manner: Manner, rng: np.random.Generator) -> dict[str, Any]:
    per_s = load.clips_per_s
    clips = clips_of_works(made.works, round(per_s * (load.clip_seconds + SETTLE_S)), rng, manner)
    sent_at: dict[str, float] = {}
    arrived_at: dict[str, float] = {}
    compute_ms: list[float] = []

    def publish() -> None:
        with EventProducer(made.settings, made.codec) as producer:
            for number, (clip, _) in enumerate(zip(clips, at(np.arange(len(clips)) / per_s), strict=True)):
                sent_at[clip.clip_id] = time.perf_counter()
                producer.send(topics.CLIPS.name, _event(clip, number))

    with EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader:
        sender = threading.Thread(target=publish, name="publisher")
        sender.start()
        for match in matches(reader, SILENCE_S):
            if match.clip_id in sent_at:
                arrived_at.setdefault(match.clip_id, time.perf_counter())
                compute_ms.append(match.compute_ms)
            if len(arrived_at) == len(clips):
                break
        sender.join()
    settled = [clip.clip_id for clip in clips[round(per_s * SETTLE_S) :]]
    timings_ms = [(arrived_at[clip] - sent_at[clip]) * 1000.0 for clip in settled if clip in arrived_at]
    return quantiles(timings_ms) | {"unanswered": len(clips) - len(arrived_at), "compute": quantiles(compute_ms)}


def _live_latency(made: Rig, players: int, per_s: float, seconds: float, rng: np.random.Generator) -> dict[str, Any]:
    total = round(per_s * (seconds + SETTLE_S))
    events = [event for number in range(players) for event in player(made.works, f"player-{number}", total, per_s, rng)]
    events.sort(key=lambda event: event.time_s)
    sent: dict[str, list[tuple[float, float]]] = {f"player-{number}": [] for number in range(players)}
    lock = threading.Lock()
    timings_ms: list[float] = []
    compute_ms: list[float] = []
    answered = 0

    def publish() -> None:
        with EventProducer(made.settings, made.codec) as producer:
            for event, _ in zip(events, at(event.time_s for event in events), strict=True):
                with lock:
                    sent[event.source_id].append((event.time_s, time.perf_counter()))
                producer.send(topics.NOTES.name, event)

    with EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader:
        sender = threading.Thread(target=publish, name="publisher")
        sender.start()
        for match in matches(reader, SILENCE_S):
            now = time.perf_counter()
            with lock:
                waiting = sent[match.source_id]
                # an answer stands for every note up to its own time
                covered = [entry for entry in waiting if entry[0] <= match.time_s]
                sent[match.source_id] = waiting[len(covered) :]
            answered += len(covered)
            compute_ms.append(match.compute_ms)
            timings_ms += [(now - at) * 1000.0 for time_s, at in covered if time_s >= SETTLE_S]
            if answered == len(events):
                break
        sender.join()
    return quantiles(timings_ms) | {"unanswered": len(events) - answered, "compute": quantiles(compute_ms)}


def _event(clip: DemoClip, number: int) -> Clip:
    return Clip(
        source_id=f"bench-{number % SOURCES}", clip_id=clip.clip_id, kind="midi", name=clip.name, data=clip.data
    )
