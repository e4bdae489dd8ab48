"""``continuo bench start``: what it takes to start all workers, forked as by ``continuo up``, and each by itself."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Any

import psutil

from connectors.settings import Settings
from ops.stack.launcher import Launcher
from ops.stack.part import Process
from ops.stack.workers import Worker
from ops.workers import WORKERS

from .core_time import core_s
from .rig import rig

SERVERS = ("kafka", "registry", "redis", "clickhouse")
KINDS = [kind for kind in WORKERS if kind != "fpga"]  # it takes the place of a part of another
MB = 1 << 20
ROUNDS = 2
"""The brokers compile and make their groups in the first."""


class LoneWorker(Worker):
    """A worker that imports and loads everything by itself, as in a container."""

    def __init__(self, kind: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(f"{kind}-alone", kind, settings)
        self._launcher = launcher

    def launch(self) -> Process:
        command = [sys.executable, "-m", "ops.cli", "worker", self.kind]
        return self._launcher.launch(command, self.environment(), self.log)


def start() -> dict[str, Any]:
    """Start one worker of each kind, all at once, forked and each by itself in turn; the first round is not counted.

    Returns:
        ``forked`` and ``alone``: ``ready_s`` until all are ready, ``core_s``, the processor time of that, ``own_mb``,
        memory that is shared with nobody. ``nursery``: the process that workers are forked from, which loads what they
        need while the servers start.
    """
    with closing(Launcher()) as launcher, rig(SERVERS, ()) as made:
        forked = [Worker(f"{kind}-forked", kind, made.settings) for kind in KINDS]
        alone = [LoneWorker(kind, made.settings, launcher) for kind in KINDS]
        forked[0].start()
        nursery = psutil.Process(forked[0].pid).parent()
        assert nursery is not None
        took = [{"forked": _started(forked), "alone": _started(alone)} for _ in range(ROUNDS)]
        return {"workers": len(KINDS), **took[-1], "nursery": {"core_s": core_s(nursery), "own_mb": _own_mb(nursery)}}


def _started(workers: Sequence[Worker]) -> dict[str, float]:
    try:
        began = time.monotonic()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.wait_healthy()
        ready_s = time.monotonic() - began
        processes = [psutil.Process(worker.pid) for worker in workers]
        return {
            "ready_s": round(ready_s, 1),
            "core_s": round(sum(map(core_s, processes)), 1),
            "own_mb": sum(map(_own_mb, processes)),
        }
    finally:
        for worker in workers:
            worker.stop()


def _own_mb(process: psutil.Process) -> int:
    return round(process.memory_full_info().uss / MB)
