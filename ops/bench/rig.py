"""A stack for one benchmark: real servers on free ports, the music21 catalogue, and workers that are warm."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from connectors.consumer import EventReader
from connectors.importers import ImportedWork
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.topic_admin import create_topics
from ops.answers import matches
from ops.demo.material import AS_WRITTEN, clips_of_works
from ops.music21_works import build_music21
from ops.stack import Stack
from ops.stack.nursery import open_nursery
from ops.stack.scratch import scratch_settings
from schemas import topics
from schemas.events import Clip, NoteEvent

from .pace import at

WARM_TIMEOUT_S = 60.0
WARM_SOURCE = "warm-up"
RUN_IN_CLIPS, RUN_IN_PER_S, RUN_IN_MATERIAL = 2_000, 120.0, 200
GIL_SWITCH_INTERVAL_S = 0.0005


@dataclass(frozen=True, slots=True)
class Rig:
    """What a benchmark works with."""

    settings: Settings
    codec: EventCodec
    works: Sequence[ImportedWork]
    stack: Stack


@contextmanager
def rig(
    parts: Sequence[str],
    workers: Sequence[str],
    change: Callable[[Settings], Settings] = lambda settings: settings,
    works: int | None = None,
) -> Iterator[Rig]:
    """Run ``parts`` and ``workers`` over a fresh music21 catalogue; all is gone afterwards.

    Args:
        change: makes the settings from those of a scratch stack.
        works: so many works are in the catalogue; all by default.
    """
    # publisher and reader share this process: neither may hold the interpreter for five milliseconds
    sys.setswitchinterval(GIL_SWITCH_INTERVAL_S)
    with tempfile.TemporaryDirectory(prefix="continuo-bench-") as folder:
        settings = change(scratch_settings(Path(folder)))
        built = build_music21(settings.catalogue_dir, settings, at_most=works)
        if workers:
            open_nursery()  # it loads while the servers start
        with Stack(settings, parts) as stack:
            create_topics(settings)
            codec = EventCodec(settings)
            codec.register_all()
            made = Rig(settings, codec, built, stack)
            added = [stack.add(worker) for worker in workers]
            for worker in added:
                worker.start()
            for worker in added:
                worker.wait_healthy()
            _wait_warm(made, workers)
            yield made


def run_in(made: Rig) -> None:
    """Send clips through the clips worker until its brokers are compiled, as those are that have been up for a while.

    A broker that has just been started is some 2 ms slower, each way.
    """
    material = clips_of_works(made.works, RUN_IN_MATERIAL, np.random.default_rng(0), AS_WRITTEN)
    with (
        EventReader(made.settings, made.codec, [topics.MATCHES.name], "latest") as reader,
        EventProducer(made.settings, made.codec) as producer,
    ):
        for number, _ in enumerate(at(np.arange(RUN_IN_CLIPS) / RUN_IN_PER_S)):
            clip = _first_clip(material[number % len(material)].data)
            producer.send(topics.CLIPS.name, replace(clip, clip_id=f"{WARM_SOURCE}-{number}"))
        producer.flush()
        last = f"{WARM_SOURCE}-{RUN_IN_CLIPS - 1}"
        if not any(match.clip_id == last for match in matches(reader, WARM_TIMEOUT_S)):
            raise TimeoutError(f"The clips worker did not answer for {WARM_TIMEOUT_S:g} s.")


def _wait_warm(made: Rig, workers: Sequence[str]) -> None:
    """Wait until the workers have answered a first clip and a first note."""
    waiting: set[str] = set()
    with (
        EventReader(made.settings, made.codec, [topics.MATCHES.name]) as reader,
        EventProducer(made.settings, made.codec) as producer,
    ):
        if "clips" in workers:
            producer.send(topics.CLIPS.name, _first_clip(made.works[0].midi))
            waiting.add("clip")
        if "live" in workers:
            producer.send(topics.NOTES.name, _first_note())
            waiting.add("live")
        producer.flush()
        if not waiting:
            return
        for match in matches(reader, WARM_TIMEOUT_S):
            waiting.discard(match.kind)
            if not waiting:
                return
        raise TimeoutError(f"No worker has answered the first {' and '.join(waiting)} in {WARM_TIMEOUT_S:g} s.")


def _first_clip(midi: bytes) -> Clip:
    return Clip(source_id=WARM_SOURCE, clip_id=WARM_SOURCE, kind="midi", name=WARM_SOURCE, data=midi)


def _first_note() -> NoteEvent:
    return NoteEvent(
        source_id=WARM_SOURCE,
        session_id=WARM_SOURCE,
        sequence=0,
        time_s=0.0,
        type="note_on",
        pitch=60,
        velocity=64,
    )
