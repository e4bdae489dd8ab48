"""The beat network's agent: frames in, activations out, the frames of many sources at once.

A consumer of its own can take its place, such as that of an FPGA: it reads ``frames``, writes ``activations`` with
another ``engine``, and keeps the numbers of the frames.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.beats import BeatNetwork
from processors.beats.features import FEATURES
from schemas import topics
from schemas.codec import UndecodableError
from schemas.rhythm import Activations, Frames

from .readback import Readback
from .records import Record
from .sources import Sources
from .timed import Said, refuse

NAME = "beat-network"
ENGINE: Final = "onnx"


class _Source:
    """The network's state after the last frame of a session."""

    def __init__(self, state: NDArray[np.float32]) -> None:
        self._initial = state
        self._begin("")

    def _begin(self, session_id: str) -> None:
        self.session_id = session_id
        self.state = self._initial
        self.next_frame = 0

    def enter(self, session_id: str) -> None:
        """Begin a session, unless it is the one that is being played."""
        if session_id != self.session_id:
            self._begin(session_id)


class BeatNetworkAgent:
    """Runs the network on the frames of all sources of its partitions; see ``Agent``."""

    name = NAME
    topics: tuple[str, ...] = (topics.FRAMES.name,)
    passing: frozenset[str] = frozenset()

    def __init__(self, settings: Settings, codec: EventCodec, network: BeatNetwork) -> None:
        self._settings = settings
        self._codec = codec
        self._network = network
        self._readback = Readback(settings, settings.live.readback_max_events)
        initial = network.initial_state()[0]
        self._sources = Sources(lambda: _Source(initial), settings.live.max_sources, settings.rhythm.readback_s)

    def take_over(self, committed: dict[tuple[str, int], int]) -> None:
        """Bring the network's states to where they were; see ``Agent``."""
        self._sources.clear()
        since_s = time.time() - self._settings.rhythm.readback_s
        for (topic, partition), next_offset in committed.items():
            self.hear(list(self._readback.tail(topic, partition, since_s, to_offset=max(next_offset, 0))))

    def hear(self, records: Sequence[Record]) -> list[Said]:
        """Frames; the k-th ones of all sources are one batch. See ``Agent``."""
        said: list[Said] = []
        waiting: dict[str, list[tuple[Record, Frames]]] = {}
        for record in records:
            try:
                event = self._codec.decode(record.topic, record.value or b"")
                assert isinstance(event, Frames)
                _check(event)
                waiting.setdefault(event.source_id, []).append((record, event))
            except UndecodableError as error:
                said.append(refuse(record, NAME, str(error), self._settings))
        while waiting:
            turn = {source_id: events.pop(0) for source_id, events in waiting.items()}
            waiting = {source_id: events for source_id, events in waiting.items() if events}
            said += self._run(list(turn.values()))
        return said

    def due_at_s(self) -> float | None:
        """Never: it only answers."""
        return None

    def act(self, now_s: float) -> list[Said]:
        """Nothing ever falls due."""
        return []

    def _run(self, events: list[tuple[Record, Frames]]) -> list[Said]:
        """One event of each of some sources."""
        runs = [run for record, event in events if (run := self._prepare(record, event)) is not None]
        for step in range(max((len(run.features) for run in runs), default=0)):
            playing = [run for run in runs if step < len(run.features)]
            features = np.stack([run.features[step] for run in playing])
            activation, state = self._network.step(features, np.stack([run.source.state for run in playing]))
            for row, run in enumerate(playing):
                run.activations[step], run.source.state = activation[row], state[row]
        return [self._said(run) for run in runs]

    def _prepare(self, record: Record, event: Frames) -> _Run | None:
        source = self._sources.heard(event.source_id, record.timestamp_s)
        source.enter(event.session_id)
        seen = max(0, source.next_frame - event.first_frame)  # frames that come again change nothing
        if seen >= len(event.times_s):
            return None
        source.next_frame = event.first_frame + len(event.times_s)
        return _Run(record, event, source, seen)

    def _said(self, run: _Run) -> Said:
        event = run.event
        answer = Activations(
            event_id=run.record.origin.derived_id(NAME),
            source_id=event.source_id,
            trace_context=event.trace_context,
            origin=run.record.origin,
            session_id=event.session_id,
            source_zero_us=event.source_zero_us,
            engine=ENGINE,
            first_frame=event.first_frame + run.seen,
            times_s=event.times_s[run.seen :],
            beat=tuple(float(value) for value in run.activations[:, 0]),
            downbeat=tuple(float(value) for value in run.activations[:, 1]),
            made_by=self._network.version,
        )
        return Said(topics.ACTIVATIONS.name, answer)


class _Run:
    """The frames of one event that are new, and what becomes of them."""

    def __init__(self, record: Record, event: Frames, source: _Source, seen: int) -> None:
        self.record = record
        self.event = event
        self.source = source
        self.seen = seen
        self.features = np.array(event.features, np.float32).reshape(-1, FEATURES)[seen:]
        self.activations = np.empty((len(self.features), 2), np.float32)


def _check(event: Frames) -> None:
    if event.feature_count != FEATURES or len(event.features) != FEATURES * len(event.times_s):
        raise UndecodableError(
            f"{len(event.times_s)} frames of {event.feature_count} features have {len(event.features)} numbers; "
            f"this network reads {FEATURES} features a frame."
        )
