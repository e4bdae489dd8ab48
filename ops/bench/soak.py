"""``continuo bench soak``: a day of traffic, played as fast as the workers take it, and how large they get.

The players' own clocks run through all the hours, so windows, sessions and caches come and go as in a day; only the
waiting between the events is left out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import psutil
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from connectors.producer import EventProducer
from connectors.settings import Settings
from ops.cluster import Cluster
from ops.demo.material import clips_of_works
from ops.not_ready import NotReadyError
from schemas import topics
from schemas.events import Clip, Event, NoteEvent
from streams.groups import group_of

from .players import player
from .rig import Rig, rig

SERVERS = ("kafka", "registry", "redis", "clickhouse")
WORKERS = ("clips", "live", "rhythm", "redis-sink", "clickhouse-sink")
SESSION_S = 1_800.0
"""A player stops after so long, and another one begins."""
CLIP_EVERY_S = 60.0
CLIPS = 200
AHEAD = 2_000
"""Records that may wait for a stage: a day has no backlog, and what is sent faster would only lie in Kafka."""
STAGES = ("clips", "live", "frames", "beat-network", "beats", "sections", "redis-sink", "clickhouse-sink")
SILENCE_S, LIVE_SILENCE_S = 20.0, 4.0
"""After so long a silent source is forgotten, by the stages of the rhythm and by the live one: in place of ten and two
minutes. It goes by the real clock, on which the day takes minutes: these are still over an hour of the players'."""
CHECK_EVERY = 500
ATTEMPTS = 10
"""A broker on a busy machine may be slow to say how far the stages are."""
SAMPLE_S = 1.0
WARM_SHARE = 0.1
FLAT = 1.05


@dataclass(frozen=True, slots=True)
class Day:
    """What is played.

    Attributes:
        hours: on the players' clocks.
        players: at the same time.
        notes_per_s: of each, on their clocks.
    """

    hours: float
    players: int
    notes_per_s: float


def soak(day: Day, seed: int, say: Callable[[str], None], works: int | None = None) -> dict[str, Any]:
    """Play a day, and watch the workers.

    Returns:
        ``notes`` and ``clips`` sent, ``seconds`` that it took, and for each worker ``mb`` after a tenth and in the end,
        their ``ratio`` and whether it is ``flat`` (at most five in a hundred more).
    """
    with rig(SERVERS, WORKERS, _forgetful, works) as made:
        sizes: dict[str, list[tuple[float, float]]] = {name: [] for name in WORKERS}
        done = threading.Event()
        share = [0.0]
        watcher = threading.Thread(target=_watch, args=(made, sizes, share, done))
        watcher.start()
        started = time.monotonic()
        try:
            notes, clips = _play(made, day, np.random.default_rng(seed), share, say)
        finally:
            done.set()
            watcher.join()
    result = {name: _judged(seen) for name, seen in sizes.items()}
    return {
        "hours": day.hours,
        "notes": notes,
        "clips": clips,
        "seconds": round(time.monotonic() - started),
        "workers": result,
        "flat": all(each["flat"] for each in result.values()),
    }


def _forgetful(settings: Settings) -> Settings:
    rhythm = settings.rhythm.model_copy(update={"readback_s": SILENCE_S})
    live = settings.live.model_copy(update={"silence_expiry_s": LIVE_SILENCE_S})
    return settings.model_copy(update={"rhythm": rhythm, "live": live})


def _play(
    made: Rig, day: Day, rng: np.random.Generator, share: list[float], say: Callable[[str], None]
) -> tuple[int, int]:
    """Send everything in the order of the players' clocks, a little ahead of the workers."""
    sent = {topics.NOTES.name: 0, topics.CLIPS.name: 0}
    end_s = day.hours * 3_600.0
    said = 0
    cluster = Cluster(made.settings)
    with EventProducer(made.settings, made.codec) as producer:
        for time_s, topic, event in _events(made, day, rng):
            producer.send(topic, event)
            sent[topic] += 1
            if sum(sent.values()) % CHECK_EVERY == 0:
                share[0] = time_s / end_s
                _wait_for(cluster, AHEAD)
            if time_s >= (said + 1) * end_s / 10:
                said += 1
                say(f"{time_s / 3600:5.1f} h: {sent[topics.NOTES.name]} notes, {sent[topics.CLIPS.name]} clips")
        producer.flush()
    _wait_for(cluster, 0)
    share[0] = 1.0
    return sent[topics.NOTES.name], sent[topics.CLIPS.name]


def _wait_for(cluster: Cluster, ahead: int) -> None:
    """Until no stage has more than ``ahead`` records before it."""
    groups = [group_of(stage) for stage in STAGES]
    asking = Retrying(retry=retry_if_exception_type(NotReadyError), stop=stop_after_attempt(ATTEMPTS), reraise=True)
    while max(sum(place.lag for place in places) for places in asking(cluster.lag, groups).values()) > ahead:
        time.sleep(SAMPLE_S / 4)


def _events(made: Rig, day: Day, rng: np.random.Generator) -> Iterator[tuple[float, str, Event]]:
    """All events in the order of their times."""
    clips = clips_of_works(made.works, CLIPS, rng)
    numbers = count()
    next_clip_s = 0.0
    for session in range(max(1, round(day.hours * 3_600.0 / SESSION_S))):
        begin_s = session * SESSION_S
        wanted = round(min(SESSION_S, day.hours * 3_600.0 - begin_s) * day.notes_per_s)
        played: list[tuple[float, NoteEvent]] = []
        for number in range(day.players):
            name = f"player-{number}-{session}"
            played += [
                (begin_s + event.time_s, event) for event in player(made.works, name, wanted, day.notes_per_s, rng)
            ]
        for time_s, event in sorted(played, key=lambda entry: entry[0]):
            while next_clip_s <= time_s:
                number = next(numbers)
                clip = clips[number % len(clips)]
                yield (
                    next_clip_s,
                    topics.CLIPS.name,
                    Clip(
                        source_id=f"soak-{number % 16}",
                        clip_id=f"soak-{number}",
                        kind="midi",
                        name=clip.name,
                        data=clip.data,
                    ),
                )
                next_clip_s += CLIP_EVERY_S / day.players
            yield time_s, topics.NOTES.name, event


def _watch(made: Rig, sizes: dict[str, list[tuple[float, float]]], share: list[float], done: threading.Event) -> None:
    processes = {name: psutil.Process(made.stack.part(name).pid) for name in WORKERS}
    while not done.wait(SAMPLE_S):
        for name, process in processes.items():
            sizes[name].append((share[0], process.memory_info().rss / 2**20))


def _judged(seen: list[tuple[float, float]]) -> dict[str, Any]:
    """The median around a tenth of the way, and of the last twentieth."""
    early = [size for share, size in seen if WARM_SHARE <= share <= 1.5 * WARM_SHARE] or [seen[0][1]]
    late = [size for share, size in seen if share >= 0.95] or [seen[-1][1]]
    early_mb, late_mb = float(np.median(early)), float(np.median(late))
    return {
        "mb": [round(early_mb, 1), round(late_mb, 1)],
        "ratio": round(late_mb / early_mb, 3),
        "flat": late_mb <= FLAT * early_mb,
    }
