"""The workers: ``continuo worker KIND`` as parts of the stack."""

from __future__ import annotations

import sys

from connectors.settings import Settings

from .environment import environment_with
from .errors import NotReadyError
from .launcher import Launcher
from .part import Part

WORKER_KINDS: tuple[str, ...] = ("clips", "live", "catalogue", "redis-sink", "clickhouse-sink")


class Worker(Part):
    """One worker process; several of a kind share the partitions of their topic."""

    def __init__(self, name: str, kind: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(name, settings, launcher)
        self.kind = kind
        self.title = f"Worker {name}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", "ops.cli", "worker", self.kind]

    def environment(self) -> dict[str, str]:
        return environment_with(self._settings)

    def check(self) -> str:
        if self.pid is None:
            raise NotReadyError("It does not run.")
        return "runs"
