"""The consumer of the quantised network on real Kafka: each frame answered once, with the same bits, kills or not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from connectors.consumer import EventReader
from connectors.frame_runs import FrameRuns, Heard
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from fpga.engines.network import EngineNetwork
from fpga.engines.onnx_engine import OnnxEngine
from fpga.engines.shipped import shipped_graph
from fpga.formats import FEATURE
from ops.stack import Stack
from ops.stack.environment import environment_with
from processors.beats.features import FEATURES
from schemas.events import DeadLetter, Origin
from schemas.rhythm import Activations, Frames
from tests.fpga.golden import Golden

from .bridges import wait_until

FRAMES_PER_EVENT = 4
SOURCES = 3


def frames_of(source: str) -> list[Frames]:
    """Real frames, as a source sends them; each source begins elsewhere."""
    golden = Golden.read()
    events = []
    for number in range(SOURCES):
        features = FEATURE.values(golden.codes[20 * number :])[:120]
        for first in range(0, len(features), FRAMES_PER_EVENT):
            part = features[first : first + FRAMES_PER_EVENT]
            events.append(
                Frames(
                    source_id=f"{source}-{number}",
                    origin=Origin("notes", 0, first),
                    session_id=f"{source}-{number}",
                    source_zero_us=0,
                    kind="onset",
                    first_frame=first,
                    times_s=tuple(np.arange(first, first + len(part)) * 0.25),
                    feature_count=FEATURES,
                    features=tuple(part.ravel().tolist()),
                    made_by="test",
                )
            )
    return sorted(events, key=lambda event: event.first_frame)


@contextmanager
def consumer(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The consumer as a process of its own; always the same member of its group."""
    environment = environment_with(settings) | {"CONTINUO_KAFKA__INSTANCE_ID": "fpga-under-test"}
    command = [sys.executable, "-m", "ops.cli", "fpga", "consume", "--engine", "hls4ml"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class Answers:
    """What comes into ``activations`` from hls4ml for some sources."""

    def __init__(self, reader: EventReader, source: str) -> None:
        self._reader = reader
        self._source = source
        self.told: list[Activations] = []

    def frames(self) -> int:
        while (received := self._reader.poll(0.2)) is not None:
            event = received.event
            if isinstance(event, Activations) and event.source_id.startswith(self._source) and event.engine == "hls4ml":
                self.told.append(event)
        return sum(len(event.times_s) for event in self.told)


def test_each_frame_is_answered_once_with_the_same_bits_though_the_consumer_is_killed(
    stack: Stack, settings: Settings, source: str
) -> None:
    codec = EventCodec(settings)
    events = frames_of(source)
    half = len(events) // 2
    with EventReader(settings, codec, ["activations"], "latest") as reader, EventProducer(settings, codec) as producer:
        answers = Answers(reader, source)
        with consumer(settings) as process:
            for event in events[:half]:
                producer.send("frames", event)
            producer.flush()
            wait_until(lambda: answers.frames() > 0)
            process.kill()
        for event in events[half:]:
            producer.send("frames", event)
        producer.send("frames", events[half])  # the same frames again change nothing
        producer.flush()
        with consumer(settings):
            wait_until(lambda: answers.frames() >= len(events) * FRAMES_PER_EVENT)
    runs = FrameRuns(EngineNetwork(OnnxEngine(shipped_graph())), 10, 600.0)
    expected = {
        (answer.source_id, answer.first_frame): (answer.beat, answer.downbeat)
        for answer, _ in runs.hear([Heard(Origin("frames", 0, 0), 1.0, event) for event in events])
    }
    assert len(answers.told) == len(expected)
    assert {
        (answer.source_id, answer.first_frame): (answer.beat, answer.downbeat) for answer in answers.told
    } == expected


def test_what_is_no_frame_is_a_dead_letter(stack: Stack, settings: Settings, source: str) -> None:
    codec = EventCodec(settings)
    strange = frames_of(source)[0]
    with EventReader(settings, codec, ["dead-letters"], "latest") as reader, EventProducer(settings, codec) as producer:
        wrong = {name: getattr(strange, name) for name in strange.__dataclass_fields__} | {"feature_count": 7}
        producer.send("frames", Frames(**wrong))
        producer.flush()
        letters: list[DeadLetter] = []

        def arrived() -> bool:
            received = reader.poll(0.2)
            if received and isinstance(received.event, DeadLetter) and received.event.source_id == strange.source_id:
                letters.append(received.event)
            return bool(letters)

        with consumer(settings):
            wait_until(arrived)
    assert "reads 126 features a frame" in letters[0].message
