"""``continuo bench triggers``: from notes played at a steady tempo to triggers read back, and with workers killed."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
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
from processors.triggers import Rules
from schemas import topics
from schemas.events import NoteEvent
from schemas.rhythm import Beat, Trigger

from .band import Song, make_song
from .pace import at
from .quantiles import quantiles

EVERY_BEATS = 16
SLOWEST_BPM, FASTEST_BPM = 80.0, 150.0
AFTER_S = 12.0
"""After the music ends, so much longer is waited for what is late."""
WARM_S = 8.0


@dataclass(slots=True)
class _Heard:
    """What came back: when each trigger was read, by source and beat; and the beats."""

    triggers: list[tuple[Trigger, float]] = field(default_factory=list)
    beats: dict[str, int] = field(default_factory=dict)


def triggers(players: int, seconds: float, kills: int, seed: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure a run in peace, and one in which the workers of beats and triggers are killed in turn.

    Returns:
        ``steady`` and ``killed``, each with quantiles of how far from the nearest annotated beat a trigger was read
        (``off_ms``, sign ignored), how many are ``missing`` (beats told whose trigger was not) and came ``twice``, and
        how many ``strayed`` (are not on the annotated 16th, 32nd, ... beat, as the counting began late or went
        astray). ``not_as_in_peace`` counts the triggers that only one of the two runs, which play the same, has.
    """
    with tempfile.TemporaryDirectory(prefix="continuo-bench-") as folder:
        settings = scratch_settings(Path(folder))
        with Stack(settings, ("kafka", "registry")) as stack:
            create_topics(settings)
            codec = EventCodec(settings)
            codec.register_all()
            for kind in ("rhythm", "triggers"):
                stack.add(kind).start()
            for kind in ("rhythm", "triggers"):
                stack.part(kind).wait_healthy()
            rng = np.random.default_rng(seed)
            _run(settings, codec, _songs(1, WARM_S, rng), "warm-up", lambda: None)
            result: dict[str, Any] = {}
            issued: dict[str, set[tuple[str, int, str]]] = {}
            songs = _songs(players, seconds, rng)
            for name, strikes in (("steady", 0), ("killed", kills)):
                say(f"{players} players, {seconds:g} s, {strikes} kills of each worker.")
                heard = _run(settings, codec, songs, name, partial(_strike, stack, strikes, seconds, say))
                result[name] = _measured(songs, name, heard) | {"kills": strikes}
                issued[name] = {
                    (trigger.source_id.removeprefix(name), trigger.beat, trigger.error_type)
                    for trigger, _ in heard.triggers
                }
            result["killed"]["not_as_in_peace"] = len(issued["steady"] ^ issued["killed"])
            return result | {"players": players, "seconds": seconds, "rules": Rules.load().version}


def _songs(players: int, seconds: float, rng: np.random.Generator) -> list[Song]:
    return [make_song(float(rng.uniform(SLOWEST_BPM, FASTEST_BPM)), seconds, rng) for _ in range(players)]


def _run(
    settings: Settings, codec: EventCodec, songs: Sequence[Song], name: str, disturb: Callable[[], None]
) -> _Heard:
    """Play the songs in real time, from sources called ``name``-0, ``name``-1, ..."""
    heard = _Heard()
    wanted = [topics.TRIGGERS.name, topics.BEATS.name]
    started_s: list[float] = []

    def play() -> None:
        notes = sorted(
            (
                (float(onset_s), source, index)
                for source, song in enumerate(songs)
                for index, onset_s in enumerate(song.notes.onset_s)
            )
        )
        counts = Counter[int]()
        with EventProducer(settings, codec) as producer:
            started_s.append(time.time())
            for (time_s, source, index), _ in zip(notes, at(note[0] for note in notes), strict=True):
                producer.send(
                    topics.NOTES.name, _note(f"{name}-{source}", counts[source], time_s, songs[source], index)
                )
                counts[source] += 1

    with EventReader(settings, codec, wanted, "latest") as reader:
        player, disturber = threading.Thread(target=play), threading.Thread(target=disturb)
        player.start()
        disturber.start()
        quiet_s = time.time() + max(song.beat_s[-1] for song in songs) + AFTER_S
        while time.time() < quiet_s:
            if disturber.is_alive():  # what was late has so much time after the last worker is back
                quiet_s = max(quiet_s, time.time() + AFTER_S)
            received = reader.poll(0.05)
            event = received.event if received else None
            if isinstance(event, Trigger) and event.source_id.startswith(name):
                heard.triggers.append((event, time.time() - started_s[0]))
            elif isinstance(event, Beat) and event.source_id.startswith(name):
                heard.beats[event.source_id] = max(heard.beats.get(event.source_id, 0), event.number)
        player.join()
        disturber.join()
    return heard


def _note(source_id: str, sequence: int, time_s: float, song: Song, index: int) -> NoteEvent:
    return NoteEvent(
        source_id=source_id,
        session_id=source_id,
        sequence=sequence,
        time_s=time_s,
        type="note_on",
        pitch=int(song.notes.pitch[index]),
        velocity=int(song.notes.velocity[index]),
    )


def _strike(stack: Stack, kills: int, seconds: float, say: Callable[[str], None]) -> None:
    """Kill the workers of beats and triggers in turn, each ``kills`` times, evenly over the song."""
    moments = (np.arange(2 * kills) + 0.7) * seconds / max(1, 2 * kills)
    for number, _ in enumerate(at(moments)):
        part = stack.part(("rhythm", "triggers")[number % 2])
        say(f"{moments[number]:5.0f} s: {part.name} killed")
        part.kill()
        part.start()
    for name in ("rhythm", "triggers") if kills else ():
        stack.part(name).wait_healthy()


def _measured(songs: Sequence[Song], name: str, heard: _Heard) -> dict[str, Any]:
    off_ms, strayed, missing, twice = [], 0, 0, 0
    for source, song in enumerate(songs):
        source_id = f"{name}-{source}"
        mine = [(trigger, read_s) for trigger, read_s in heard.triggers if trigger.source_id == source_id]
        counts = Counter(trigger.key for trigger, _ in mine)
        twice += counts.total() - len(counts)
        told = {trigger.beat for trigger, _ in mine}
        missing += len(set(range(EVERY_BEATS, heard.beats.get(source_id, 0) + 1, EVERY_BEATS)) - told)
        for trigger, read_s in mine:
            nearest = int(np.argmin(np.abs(song.beat_s - trigger.time_s)))
            off_ms.append(abs(read_s - float(song.beat_s[nearest])) * 1000.0)
            strayed += nearest + 1 != trigger.beat
    beats = sum(len(song.beat_s) for song in songs)
    return {
        "off_ms": quantiles(off_ms) | ({"p95_ms": round(float(np.quantile(off_ms, 0.95)), 3)} if off_ms else {}),
        "missing": missing,
        "twice": twice,
        "strayed": strayed,
        "beats": beats,
        "beats_told": sum(heard.beats.values()),
    }
