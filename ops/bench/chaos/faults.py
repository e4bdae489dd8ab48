"""The faults: what is done, and how it is mended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.part import Part

from . import full_disk
from .traffic import Traffic

SLOW_FROZEN_S = 0.4
SLOW_RUNNING_S = 0.1
JUMPS_S = (3600.0, -7200.0, 0.0)


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        kind: what it is called.
        strike, mend: make it, and end it. A fault that mends itself has a ``mend`` that starts again what ended.
    """

    kind: str
    strike: Callable[[], None]
    mend: Callable[[], None]


def all_faults(stack: Stack, traffic: Traffic, settings: Settings) -> list[Fault]:
    """One fault of each kind, on a stack of some brokers, two workers for clips, and one of everything else."""
    brokers = [part for part in stack.parts if part.name.startswith("kafka")]
    clips, live = stack.part("clips"), stack.part("live")
    spare = stack.add("clips")
    redis_sink, clickhouse_sink = stack.part("redis-sink"), stack.part("clickhouse-sink")
    redis, clickhouse = stack.part("redis"), stack.part("clickhouse")
    turn = _Turn(brokers)
    blobs = _Hidden(Path(settings.blob_url.removeprefix("file://")))
    clocks = iter(JUMPS_S * 1000)
    return [
        _killed("clips worker killed", clips),
        _killed("live worker killed", live),
        Fault("broker killed", turn.kill, turn.start),
        Fault("rebalance: clips worker joins, then leaves", spare.start, spare.stop),
        _paused("clips worker paused past its session", clips),
        _paused("live worker paused past its session", live),
        _killed("Redis killed", redis),
        _killed("ClickHouse killed", clickhouse),
        _killed("registry killed", stack.part("registry")),
        Fault("blob store away", blobs.hide, blobs.show),
        Fault("blob store's disk full", full_disk.full.set, full_disk.full.clear),
        _slow("Redis slow", redis),
        _slow("ClickHouse slow", clickhouse),
        _killed("Redis sink killed", redis_sink),
        _killed("ClickHouse sink killed", clickhouse_sink),
        _paused("Redis sink paused past its session", redis_sink),
        Fault("events sent twice", traffic.send_again, traffic.send_again),
        Fault("events late", traffic.hold_back, traffic.let_go),
        Fault("clocks jump", lambda: traffic.jump_clocks(next(clocks)), lambda: traffic.jump_clocks(next(clocks))),
    ]


def _killed(kind: str, part: Part) -> Fault:
    return Fault(kind, part.kill, part.start)


def _paused(kind: str, part: Part) -> Fault:
    return Fault(kind, part.pause, part.resume)


def _slow(kind: str, part: Part) -> Fault:
    slowness = _Slowness(part)
    return Fault(kind, slowness.begin, slowness.end)


class _Turn:
    """Brokers in turn, one at a time."""

    def __init__(self, brokers: list[Part]) -> None:
        self._brokers = brokers
        self._next = 0

    def kill(self) -> None:
        self._brokers[self._next].kill()

    def start(self) -> None:
        self._brokers[self._next].start()
        self._next = (self._next + 1) % len(self._brokers)


class _Hidden:
    """A folder that a file stands in for: neither there nor gone, as a mount that was lost."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._aside = folder.with_name(folder.name + ".away")

    def hide(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.rename(self._aside)
        self._folder.touch()

    def show(self) -> None:
        self._folder.unlink()
        self._aside.rename(self._folder)


class _Slowness:
    """A server that is frozen most of the time."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        self._over.clear()
        self._thread = threading.Thread(target=self._freeze)
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _freeze(self) -> None:
        while not self._over.is_set():
            self._part.pause()
            self._over.wait(SLOW_FROZEN_S)
            self._part.resume()
            self._over.wait(SLOW_RUNNING_S)
