"""What goes in: clips and live notes at an even rate, which can be sent twice, held back, or come from odd clocks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from connectors.blob_store import BlobStore, BlobUnavailableError
from connectors.producer import EventProducer
from connectors.settings import Settings
from ops.bench.pace import at
from ops.bench.players import player
from ops.bench.rig import Rig
from ops.demo.material import clips_of_works
from schemas import topics
from schemas.events import BlobRef, Clip, NoteEvent

from .full_disk import PROTOCOL

SOURCES = 64
BLOB_EVERY = 10
"""Each so-manieth clip lies in the blob store."""
REMEMBERED = 100
RETRY_S = 0.5
MATERIAL = 400
"""So many different clips; more are the same again under other names."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is offered.

    Attributes:
        clips, clips_per_s: how many clips, and at which rate.
        players, notes_per_s: how many players, and how many notes a second each plays meanwhile.
    """

    clips: int
    clips_per_s: float
    players: int
    notes_per_s: float

    @property
    def seconds(self) -> float:
        return self.clips / self.clips_per_s


class Traffic:
    """Sends a load while the block runs; the faults of events are made here.

    Args:
        made: the stack, and the works that are played.
        load: how much.
        rng: chooses the music.
    """

    def __init__(self, made: Rig, load: Load, rng: np.random.Generator) -> None:
        self.load = load
        self.sent = 0
        self.clip_sent_at: dict[str, float] = {}
        self._made = made
        self._rng = rng
        self._errors: list[Exception] = []
        self._lock = threading.Lock()
        self._recent: deque[tuple[str, Any]] = deque(maxlen=REMEMBERED)
        self._again: list[tuple[str, Any]] = []
        self._held: list[NoteEvent] | None = None
        self._jump_s = 0.0
        self._blobs = BlobStore(_with_blobs(made.settings, PROTOCOL))
        self._threads = [threading.Thread(target=self._guard, args=(work,)) for work in (self._clips, self._notes)]

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join()

    def wait(self) -> None:
        """Wait until all is sent.

        Raises:
            RuntimeError: something could not be sent.
        """
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise RuntimeError(f"Not everything could be published: {self._errors[0]}") from self._errors[0]

    def send_again(self) -> None:
        """Send the events of the last moments a second time, as a client does that got no confirmation."""
        with self._lock:
            self._again += self._recent

    def hold_back(self) -> None:
        """Keep every other player's notes, as a bad connection does."""
        with self._lock:
            self._held = []

    def let_go(self) -> None:
        """Send what was held back, after what was played later."""
        with self._lock:
            held, self._held = self._held or [], None
            self._again += [(topics.NOTES.name, event) for event in held]

    def jump_clocks(self, seconds: float) -> None:
        """Let the clocks of players and publishers go wrong by ``seconds`` from now on."""
        self._jump_s = seconds

    def _guard(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self._errors.append(error)

    def _clips(self) -> None:
        load = self.load
        material = clips_of_works(self._made.works, min(load.clips, MATERIAL), self._rng.spawn(1)[0])
        with EventProducer(self._made.settings, self._made.codec) as producer:
            for number, _ in enumerate(at(np.arange(load.clips) / load.clips_per_s)):
                data = material[number % len(material)].data
                blob = self._stored(data) if number % BLOB_EVERY == 0 else None
                clip = Clip(
                    source_id=f"chaos-{number % SOURCES}",
                    clip_id=f"chaos-{number}",
                    kind="midi",
                    name="chaos.mid",
                    data=None if blob else data,
                    blob=blob,
                )
                self.clip_sent_at[clip.clip_id] = time.monotonic()
                self._send(producer, topics.CLIPS.name, self._timed(clip))

    def _notes(self) -> None:
        load, rng = self.load, self._rng.spawn(1)[0]
        count = round(load.seconds * load.notes_per_s)
        names = [f"player-{number}" for number in range(load.players)]
        events = [event for name in names for event in player(self._made.works, name, count, load.notes_per_s, rng)]
        events.sort(key=lambda event: event.time_s)
        with EventProducer(self._made.settings, self._made.codec) as producer:
            for event, _ in zip(events, at(event.time_s for event in events), strict=True):
                note = replace(self._timed(event), time_s=event.time_s + self._jump_s)
                with self._lock:
                    held = self._held if int(event.source_id.rpartition("-")[2]) % 2 else None
                    if held is not None:
                        held.append(note)
                        continue
                self._send(producer, topics.NOTES.name, note)
            self.let_go()
            self._send_waiting(producer)

    def _timed(self, event: Any) -> Any:
        shift_us = int(self._jump_s * 1e6)
        return replace(event, created_at=time.time_ns() // 1000 + shift_us)

    def _send(self, producer: EventProducer, topic: str, event: Any) -> None:
        producer.send(topic, event)
        with self._lock:
            self.sent += 1
            self._recent.append((topic, event))
        if topic == topics.NOTES.name:  # by one thread only, so that a source's events keep one order
            self._send_waiting(producer)

    def _send_waiting(self, producer: EventProducer) -> None:
        with self._lock:
            again, self._again = self._again, []
            self.sent += len(again)
        for topic, event in again:
            producer.send(topic, event)

    def _stored(self, data: bytes) -> BlobRef:
        """Put a clip into the store, as patiently as a client that does not want to lose it."""
        while True:
            try:
                return self._blobs.put(data)
            except BlobUnavailableError:
                time.sleep(RETRY_S)


def _with_blobs(settings: Settings, protocol: str) -> Settings:
    url = settings.blob_url.replace("file://", f"{protocol}://")
    return settings.model_copy(update={"blobs": settings.blobs.model_copy(update={"url": url})})
