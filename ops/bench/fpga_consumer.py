"""``continuo bench fpga-consumer``: frames a second from Kafka to Kafka, and the same with the consumer killed."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.topic_admin import create_topics
from ops.stack import Stack
from ops.stack.scratch import scratch_settings
from processors.beats.features import FEATURES
from processors.beats.frames import frames_of
from schemas import topics
from schemas.events import Origin
from schemas.rhythm import Activations, Engine, Frames

from .band import make_song
from .pace import at
from .quantiles import quantiles

ENGINES: dict[str, Engine] = {"hls4ml": "hls4ml", "rtl": "rtl"}
WORKER = "fpga"
FRAMES_PER_EVENT = 4
SONG_S = 120.0
BPM = (80.0, 150.0)
PATIENCE_S = 180.0
"""So long is waited for the next activations, on a machine that does other things too."""

Told = dict[tuple[int, int], tuple[float, float]]
"""Beat and downbeat activation by source and frame."""


def fpga_consumer(
    sources: int, seconds: float, events_per_s: float, kills: int, engine: Engine, seed: int, say: Callable[[str], None]
) -> dict[str, Any]:
    """Run the consumer in peace, as fast as it can; then over a steady stream while it is killed.

    Returns:
        ``frames_per_s`` of the first run; of the second ``lost`` and ``twice`` frames, how many ``differ`` in any bit
        from the first, and ``latency_ms`` from a record's sending until its answer's.
    """
    rng = np.random.default_rng(seed)
    songs = [frames_of(make_song(float(rng.uniform(*BPM)), SONG_S, rng).notes) for _ in range(sources)]
    count = int(seconds * events_per_s)
    with tempfile.TemporaryDirectory(prefix="continuo-bench-") as folder:
        settings = scratch_settings(Path(folder))
        settings = settings.model_copy(update={"rhythm": settings.rhythm.model_copy(update={"engine": engine})})
        with Stack(settings, ("kafka", "registry")) as stack:
            create_topics(settings)
            codec = EventCodec(settings)
            codec.register_all()
            stack.add(WORKER).start()
            stack.part(WORKER).wait_healthy()
            say(f"{count} events of {sources} sources, as fast as possible.")
            peace, peace_twice, _, frames_per_s = _run(settings, codec, songs, "peace", count, np.inf, lambda: None)
            say(f"The same at {events_per_s:g} a second, with {kills} kills.")
            strike = partial(_strike, stack, kills, seconds, say)
            killed, twice, latency_ms, _ = _run(settings, codec, songs, "killed", count, events_per_s, strike)
    sent = {(source, frame) for source, frame in _frames(songs, count)}
    return {
        "engine": engine,
        "sources": sources,
        "events": count,
        "frames": len(sent),
        "kills": kills,
        "frames_per_s": round(frames_per_s, 1),
        "lost": len(sent - set(killed)) + len(sent - set(peace)),
        "twice": twice + peace_twice,
        "differ": sum(killed.get(place) != told for place, told in peace.items()),
        "latency_ms": quantiles(latency_ms),
    }


def _events(songs: Sequence[tuple[np.ndarray, np.ndarray]], name: str, count: int) -> Iterator[Frames]:
    """Frames of all sources in turn; a song that is over begins again, as another session."""
    for number in range(count):
        source, turn = number % len(songs), number // len(songs)
        time_s, features = songs[source]
        per_song = len(time_s) // FRAMES_PER_EVENT
        session, part = divmod(turn, per_song)
        cut = slice(part * FRAMES_PER_EVENT, (part + 1) * FRAMES_PER_EVENT)
        yield Frames(
            source_id=f"{name}-{source}",
            origin=Origin(topics.NOTES.name, 0, number),
            session_id=f"{name}-{source}-{session}",
            source_zero_us=0,
            kind="onset",
            first_frame=part * FRAMES_PER_EVENT,
            times_s=tuple(time_s[cut].tolist()),
            feature_count=FEATURES,
            features=tuple(features[cut].ravel().tolist()),
            made_by=name,
        )


def _frames(songs: Sequence[tuple[np.ndarray, np.ndarray]], count: int) -> Iterator[tuple[int, int]]:
    for event in _events(songs, "count", count):
        yield from _places(event, len(songs[_source(event)][0]))


def _places(event: Frames | Activations, song: int) -> list[tuple[int, int]]:
    """Source and frame of each of an event's frames, counted over sessions."""
    start = int(event.session_id.rsplit("-", 1)[1]) * song + event.first_frame
    return [(_source(event), start + k) for k in range(len(event.times_s))]


def _source(event: Frames | Activations) -> int:
    return int(event.source_id.rsplit("-", 1)[1])


def _run(
    settings: Settings,
    codec: EventCodec,
    songs: Sequence[tuple[np.ndarray, np.ndarray]],
    name: str,
    count: int,
    events_per_s: float,
    disturb: Callable[[], None],
) -> tuple[Told, int, list[float], float]:
    """Publish and read back: activations, frames that came twice, latencies, and frames a second."""

    def publish() -> None:
        with EventProducer(settings, codec) as producer:
            events = _events(songs, name, count)
            moments = (number / events_per_s for number in range(count))
            for event, _ in zip(events, at(moments) if np.isfinite(events_per_s) else range(count), strict=True):
                sent_s[_places(event, len(songs[_source(event)][0]))[0]] = time.monotonic()
                producer.send(topics.FRAMES.name, event)

    sent_s: dict[tuple[int, int], float] = {}  # by an event's first frame
    told: Told = {}
    seen: Counter[tuple[int, int]] = Counter()
    latency_ms: list[float] = []
    with EventReader(settings, codec, [topics.ACTIVATIONS.name], "latest") as reader:
        threads = [threading.Thread(target=publish), threading.Thread(target=disturb)]
        began_s = last_s = time.monotonic()
        for thread in threads:
            thread.start()
        wanted = count * FRAMES_PER_EVENT
        while len(told) < wanted and time.monotonic() < last_s + PATIENCE_S:
            received = reader.poll(0.2)
            event = received.event if received else None
            if received and isinstance(event, Activations) and event.source_id.startswith(f"{name}-"):
                last_s = time.monotonic()
                places = _places(event, len(songs[_source(event)][0]))
                latency_ms.append(1e3 * (last_s - sent_s[places[0]]))
                seen.update(places)
                told |= zip(places, zip(event.beat, event.downbeat, strict=True), strict=True)
        taken_s = last_s - began_s
        for thread in threads:
            thread.join()
        while (received := reader.poll(2.0)) is not None:  # what should not come any more
            if isinstance(received.event, Activations) and received.event.source_id.startswith(f"{name}-"):
                seen.update(_places(received.event, len(songs[_source(received.event)][0])))
    return told, seen.total() - len(seen), latency_ms, len(told) / taken_s


def _strike(stack: Stack, kills: int, seconds: float, say: Callable[[str], None]) -> None:
    moments = (np.arange(kills) + 0.5) * seconds / max(1, kills)
    for number, _ in enumerate(at(moments)):
        say(f"{moments[number]:5.0f} s: the consumer is killed")
        stack.part(WORKER).kill()
        stack.part(WORKER).start()
