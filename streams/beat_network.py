"""The beat network's agent: frames in, activations out, the frames of many sources at once.

A consumer of its own can take its place, such as that of an FPGA: it reads ``frames``, writes ``activations`` with
another ``engine``, and keeps the numbers of the frames.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from connectors.frame_runs import NAME, FrameRuns, Heard, check_frames
from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.beats import BeatNetwork
from schemas import topics
from schemas.codec import UndecodableError
from schemas.rhythm import Frames

from .readback import Readback
from .records import Record
from .timed import Said, refuse

ENGINE: Final = "onnx"


class BeatNetworkAgent:
    """Runs the network on the frames of all sources of its partitions; see ``Agent``."""

    name = NAME
    topics: tuple[str, ...] = (topics.FRAMES.name,)
    passing: frozenset[str] = frozenset()

    def __init__(self, settings: Settings, codec: EventCodec, network: BeatNetwork) -> None:
        self._settings = settings
        self._codec = codec
        self._readback = Readback(settings, settings.live.readback_max_events)
        self.sources = FrameRuns(network, settings.live.max_sources, settings.rhythm.readback_s)

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Bring the network's states to where they were; see ``Agent``."""
        self.sources.clear()
        since_s = time.time() - self._settings.rhythm.readback_s
        for (topic, partition), next_offset in committed.items():
            self.hear(list(self._readback.tail(topic, partition, since_s, to_offset=max(next_offset, 0))))

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Frames; the k-th ones of all sources are one batch. See ``Agent``."""
        said: list[Said] = []
        heard: list[Heard] = []
        for record in records:
            try:
                event = self._codec.decode(record.topic, record.value or b"")
                assert isinstance(event, Frames)
                check_frames(event)
                heard.append(Heard(record.origin, record.timestamp_s, event))
            except UndecodableError as error:
                said.append(refuse(record, NAME, str(error), self._settings))
        return said + [Said(topics.ACTIVATIONS.name, answer) for answer, _ in self.sources.hear(heard)]

    def due_at_s(self) -> float | None:
        """Never: it only answers."""
        return None

    def act(self, now_s: float) -> list[Said]:
        """Nothing ever falls due."""
        return []
