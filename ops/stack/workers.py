"""The workers: ``continuo worker KIND`` as parts of the stack."""

from __future__ import annotations

import sys
from collections.abc import Set

from connectors.settings import Settings

from .cluster import Cluster
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
        self._cluster = Cluster(settings)

    def command(self) -> list[str]:
        return [sys.executable, "-m", "ops.cli", "worker", self.kind]

    def environment(self) -> dict[str, str]:
        # the name by which the brokers, and so `check` and `continuo status`, know this worker
        return environment_with(self._settings) | {"CONTINUO_KAFKA__CLIENT_ID": self.name}

    def check(self) -> str:
        return self.check_among(self._cluster.members())

    def check_among(self, members: Set[str]) -> str:
        """Like ``check``, with the client ids of all group members known already.

        Raises:
            NotReadyError: it does not run, or is not (yet) a member of a group that has settled.
        """
        if self.pid is None:
            raise NotReadyError("It does not run.")
        if self.name not in members:
            raise NotReadyError("It is not a member of its consumer group.")
        return "consumes"
