"""Frames of many sources to activations: the state of each, its sessions in order, and the k-th frames in one batch.

What the agent of the CPU's beat network and the consumer of the FPGA's share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from connectors.sources import Sources
from processors.beats import StepNetwork
from processors.beats.features import FEATURES
from schemas.codec import UndecodableError
from schemas.events import Origin
from schemas.rhythm import Activations, Engine, Frames

NAME = "beat-network"
"""Of the stage: results of the same frames carry the same event id, whichever engine made them."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Frames that arrived.

    Attributes:
        origin: of their record.
        sent_s: when it was sent, seconds since the epoch.
        frames: the event.
    """

    origin: Origin
    sent_s: float
    frames: Frames


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a source is.

    Attributes:
        session_id: what is being played.
        next_frame: the number of the frame that comes next.
        state: the network's, float32 [state_size].
        sent_s: when the latest frames were sent.
    """

    session_id: str
    next_frame: int
    state: NDArray[np.float32]
    sent_s: float


class _Source:
    def __init__(self, initial: NDArray[np.float32]) -> None:
        self.place = Place("", 0, initial, 0.0)


class FrameRuns:
    """Runs a network over the frames of many sources. One thread at a time.

    Args:
        max_sources: the most that are remembered.
        expiry_s: a source silent for so long begins anew.
    """

    def __init__(self, network: StepNetwork, max_sources: int, expiry_s: float) -> None:
        self._network = network
        self._initial = network.initial_state()[0]
        self._sources = Sources(lambda: _Source(self._initial), max_sources, expiry_s)

    def __len__(self) -> int:
        """How many sources are remembered."""
        return len(self._sources)

    def clear(self) -> None:
        """Forget all sources."""
        self._sources.clear()

    def put(self, source_id: str, place: Place) -> None:
        """The source is here."""
        self._sources.heard(source_id, place.sent_s).place = place

    def hear(self, heard: Sequence[Heard]) -> list[tuple[Activations, Place]]:
        """The activations of frames that are new, and where their source is after each; in order for each source."""
        waiting: dict[str, list[Heard]] = {}
        for event in heard:
            waiting.setdefault(event.frames.source_id, []).append(event)
        answers: list[tuple[Activations, Place]] = []
        while waiting:
            turn = [events.pop(0) for events in waiting.values()]
            waiting = {source_id: events for source_id, events in waiting.items() if events}
            answers += self._run(turn)
        return answers

    def _run(self, turn: list[Heard]) -> list[tuple[Activations, Place]]:
        """One event of each of some sources."""
        runs = [run for event in turn if (run := self._prepare(event)) is not None]
        for step in range(max((len(run.features) for run in runs), default=0)):
            playing = [run for run in runs if step < len(run.features)]
            features = np.stack([run.features[step] for run in playing])
            activation, state = self._network.step(features, np.stack([run.state for run in playing]))
            for row, run in enumerate(playing):
                run.activations[step], run.state = activation[row], state[row]
                run.engines.append(self._network.engine)
        return [self._answer(run) for run in runs]

    def _prepare(self, heard: Heard) -> _Run | None:
        source = self._sources.heard(heard.frames.source_id, heard.sent_s)
        frames = heard.frames
        if frames.session_id != source.place.session_id:
            source.place = Place(frames.session_id, 0, self._initial, heard.sent_s)
        seen = max(0, source.place.next_frame - frames.first_frame)  # frames that come again change nothing
        return _Run(heard, source, seen) if seen < len(frames.times_s) else None

    def _answer(self, run: _Run) -> tuple[Activations, Place]:
        frames = run.heard.frames
        run.source.place = Place(
            frames.session_id, frames.first_frame + len(frames.times_s), run.state, run.heard.sent_s
        )
        answer = Activations(
            event_id=run.heard.origin.derived_id(NAME),
            source_id=frames.source_id,
            trace_context=frames.trace_context,
            origin=run.heard.origin,
            session_id=frames.session_id,
            source_zero_us=frames.source_zero_us,
            engine=run.engine,
            first_frame=frames.first_frame + run.seen,
            times_s=frames.times_s[run.seen :],
            beat=tuple(float(value) for value in run.activations[:, 0]),
            downbeat=tuple(float(value) for value in run.activations[:, 1]),
            made_by=self._network.version,
        )
        return answer, run.source.place


class _Run:
    """The frames of one event that are new, and what becomes of them."""

    def __init__(self, heard: Heard, source: _Source, seen: int) -> None:
        self.heard = heard
        self.source = source
        self.seen = seen
        self.state = source.place.state
        self.features = np.array(heard.frames.features, np.float32).reshape(-1, FEATURES)[seen:]
        self.activations = np.empty((len(self.features), 2), np.float32)
        self.engines: list[Engine] = []

    @property
    def engine(self) -> Engine:
        """What ran it; a board only if no other had to help."""
        return next((engine for engine in self.engines if engine != "board"), self.engines[0])


def check_frames(event: Frames) -> None:
    """Whether a network can read the event.

    Raises:
        UndecodableError: it has other features, or not as many as it says.
    """
    if event.feature_count != FEATURES or len(event.features) != FEATURES * len(event.times_s):
        raise UndecodableError(
            f"{len(event.times_s)} frames of {event.feature_count} features have {len(event.features)} numbers; "
            f"this network reads {FEATURES} features a frame."
        )
