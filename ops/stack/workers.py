"""The workers as parts of the stack: each runs as ``continuo worker KIND`` does."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from connectors.settings import Settings
from ops.healthcheck import require_ready
from ops.not_ready import NotReadyError

from .environment import environment_with
from .nursery import WorkerProcess
from .part import Part, Process
from .ports import free_ports

SERVICES = {"gateway": "gateway_port", "error-generator": "error_generator_port"}
"""What answers by HTTP, and the setting with its port."""
TIMEOUT_S = 3.0


class Worker(Part):
    """One worker process; several of a kind share the partitions of their topic."""

    def __init__(self, name: str, kind: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self.kind = kind
        self.title = f"Worker {name}"
        self._observe_port = 0
        self._instance_id = f"{name}-{uuid.uuid4().hex[:12]}"  # the same for each process that it starts

    def prepare(self) -> None:
        """Find a port on which it can tell of itself."""
        (self._observe_port,) = free_ports(1)

    def launch(self) -> Process:
        return WorkerProcess(self.kind, self.environment(), self.log)

    def environment(self) -> dict[str, str]:
        """The environment it runs in."""
        # the second of a kind, "clips-2", is "continuo-2-clips" to the brokers: the worker adds its kind
        client_id = self._settings.kafka.client_id + self.name.removeprefix(self.kind)
        return environment_with(self._settings) | {
            "CONTINUO_KAFKA__CLIENT_ID": client_id,
            "CONTINUO_KAFKA__INSTANCE_ID": self._instance_id,
            "CONTINUO_OBSERVE__PORT": str(self._observe_port),
        }

    @property
    def observed_at(self) -> str | None:
        """Host and port of its metrics, while it runs."""
        return f"127.0.0.1:{self._observe_port}" if self.pid is not None else None

    def ports(self) -> Mapping[str, int]:
        setting = SERVICES.get(self.kind)
        return {f"embedded.{setting}": getattr(self._settings.embedded, setting)} if setting else {}

    def check(self) -> str:
        if self.pid is None:
            raise NotReadyError("It does not run.")
        require_ready(self._observe_port, TIMEOUT_S)
        return "ready"
