"""``continuo bench scale``: how cost grows with workers, sources, the length of clips and the size of messages."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
import psutil

from connectors.consumer import EventReader
from connectors.producer import EventProducer
from ops.answers import matches
from ops.demo.material import clips_of_works
from processors.midi import read_midi, write_midi
from processors.training.performances import PIANIST, perform
from schemas import topics
from schemas.events import Clip, Event, Match, NoteEvent

from .core_time import core_s
from .pace import at
from .players import player
from .quantiles import quantiles
from .rig import Rig, rig, run_in

SILENCE_S = 15.0
SOURCES = (1, 10, 100, 1_000)
LENGTHS_S = (1.0, 3.0, 10.0, 30.0, 60.0)
SIZES_BYTES = (1 << 10, 16 << 10, 128 << 10, 512 << 10, 950 << 10)
PER_SETTING = 60
CLIPS_PER_S = 10.0
NOTES_PER_S = 100.0
BATCH = 1_000

AnyEvent = TypeVar("AnyEvent", bound=Event)


def scale(seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure along one line after the other, on one stack.

    Returns:
        ``workers``: clips a second with one and two; ``sources``: milliseconds from a note to its answer, and of a
        core, at the same number of notes in all; ``clip_s`` and ``bytes``: milliseconds from a clip to its answer,
        and identification alone.
    """
    with rig(("kafka", "registry"), ("clips", "live")) as made:
        rng = np.random.default_rng(seed)
        run_in(made)
        result: dict[str, Any] = {"workers": {}, "sources": {}, "clip_s": {}, "bytes": {}}
        for sources in SOURCES:
            result["sources"][sources] = _live(made, sources, rng)
            say(f"{sources} sources: {result['sources'][sources]}")
        for length_s in LENGTHS_S:
            result["clip_s"][length_s] = _answered(made, _long_clips(made, length_s, rng), CLIPS_PER_S)
            say(f"clips of {length_s:g} s: {result['clip_s'][length_s]}")
        for size in SIZES_BYTES:
            result["bytes"][size] = _answered(made, [b"\0" * size] * PER_SETTING, CLIPS_PER_S)
            say(f"messages of {size} bytes: {result['bytes'][size]}")
        material = [clip.data for clip in clips_of_works(made.works, BATCH, rng)]
        result["workers"][1] = _per_s(made, material)
        second = made.stack.add("clips")
        second.start()
        second.wait_healthy()
        _answered(made, material[:PER_SETTING], CLIPS_PER_S)  # the second one is warm, too
        result["workers"][2] = _per_s(made, material)
        say(f"workers: {result['workers']}")
        return result


def _long_clips(made: Rig, length_s: float, rng: np.random.Generator) -> list[bytes]:
    clips: list[bytes] = []
    for work in made.works[:: max(1, len(made.works) // (4 * PER_SETTING))]:
        notes = read_midi(work.midi)
        if notes.onset_s[-1] > length_s + 1.0:
            part = notes.between(0.5, 0.5 + length_s)
            if len(part) > 2:
                clips.append(write_midi(perform(part, PIANIST, rng)))
        if len(clips) == PER_SETTING:
            break
    return clips


def _answered(made: Rig, clips: Sequence[bytes], per_s: float) -> dict[str, Any]:
    """Send clips at an even rate, and time each until its answer."""
    stamp = time.monotonic_ns()
    events = [_clip(f"{stamp}-{number}", number, data) for number, data in enumerate(clips)]
    found, took_ms = _exchange(made, topics.CLIPS.name, events, per_s)
    computed = quantiles([match.compute_ms for match in found])
    return quantiles(took_ms) | {"unanswered": len(events) - len(found), "compute_p50_ms": computed.get("p50_ms")}


def _per_s(made: Rig, clips: Sequence[bytes]) -> float:
    stamp = time.monotonic_ns()
    events = [_clip(f"{stamp}-{number}", number, data) for number, data in enumerate(clips)]
    started = time.perf_counter()
    found, _ = _exchange(made, topics.CLIPS.name, events, np.inf)
    return round(len(found) / (time.perf_counter() - started), 1)


def _clip(clip_id: str, number: int, data: bytes) -> Clip:
    return Clip(source_id=f"scale-{number % 64}", clip_id=clip_id, kind="midi", name="scale.mid", data=data)


def _exchange(made: Rig, topic: str, events: Sequence[Clip], per_s: float) -> tuple[list[Match], list[float]]:
    sent_at: dict[str, float] = {}
    found: list[Match] = []
    took_ms: list[float] = []

    def note(event: Clip) -> None:
        sent_at[event.clip_id] = time.perf_counter()

    with (
        EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader,
        _sending(made, topic, events, per_s, note),
    ):
        for match in matches(reader, SILENCE_S):
            if match.clip_id in sent_at:
                took_ms.append((time.perf_counter() - sent_at.pop(match.clip_id)) * 1000.0)
                found.append(match)
            if len(found) == len(events):
                break
    return found, took_ms


@contextmanager
def _sending(
    made: Rig, topic: str, events: Sequence[AnyEvent], per_s: float, note: Callable[[AnyEvent], None]
) -> Iterator[None]:
    """Send events at an even rate while the block runs; ``note`` is told of each before it is sent."""

    def send() -> None:
        with EventProducer(made.settings, made.codec) as producer:
            for event, _ in zip(events, at(np.arange(len(events)) / per_s), strict=True):
                note(event)
                producer.send(topic, event)

    sender = threading.Thread(target=send, name="publisher")
    sender.start()
    try:
        yield
    finally:
        sender.join()


def _live(made: Rig, sources: int, rng: np.random.Generator) -> dict[str, Any]:
    """The same number of notes a second, of ever more players."""
    stamp = time.monotonic_ns()
    total = PER_SETTING * 20
    each = max(1, total // sources)
    per_s = NOTES_PER_S / sources
    events = [note for number in range(sources) for note in player(made.works, f"{stamp}-{number}", each, per_s, rng)]
    events.sort(key=lambda note: note.time_s)
    worker = psutil.Process(made.stack.part("live").pid)
    before_s = core_s(worker)
    waiting: dict[str, deque[tuple[float, float]]] = {event.source_id: deque() for event in events}
    took_ms: list[float] = []

    def note(event: NoteEvent) -> None:
        waiting[event.source_id].append((event.time_s, time.perf_counter()))

    with (
        EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader,
        _sending(made, topics.NOTES.name, events, NOTES_PER_S, note),
    ):
        for match in matches(reader, SILENCE_S):
            if match.source_id in waiting:
                _cover(match, waiting[match.source_id], took_ms)
            if len(took_ms) == len(events):
                break
    core_ms = (core_s(worker) - before_s) * 1000.0 / len(events)
    memory_mb = round(worker.memory_info().rss / 2**20)
    return quantiles(took_ms) | {
        "unanswered": len(events) - len(took_ms),
        "core_ms_a_note": round(core_ms, 3),
        "worker_mb": memory_mb,
    }


def _cover(match: Match, entries: deque[tuple[float, float]], took_ms: list[float]) -> None:
    """An answer stands for every note of its source up to its own time."""
    now = time.perf_counter()
    while entries and entries[0][0] <= match.time_s:
        took_ms.append((now - entries.popleft()[1]) * 1000.0)
