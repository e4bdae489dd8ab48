"""The workers: ``continuo worker KIND`` as parts of the stack."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Mapping, Set

import httpx

from connectors.settings import Settings

from .cluster import Cluster, Member
from .environment import environment_with
from .errors import NotReadyError
from .launcher import Launcher
from .part import Part
from .ports import free_ports

# reads its topic from the place that its index on disk names, so it needs no consumer group
WITHOUT_GROUP = frozenset({"catalogue"})
SERVICES = {"gateway": "gateway_port", "error-generator": "error_generator_port"}
"""What answers by HTTP, and the setting with its port."""
TIMEOUT_S = 3.0


class Worker(Part):
    """One worker process; several of a kind share the partitions of their topic."""

    def __init__(self, name: str, kind: str, settings: Settings, launcher: Launcher) -> None:
        super().__init__(name, settings, launcher)
        self.kind = kind
        self.title = f"Worker {name}"
        self._cluster = Cluster(settings)
        self._former: Set[Member] = frozenset()
        self._observe_port = 0
        self._instance_id = f"{name}-{uuid.uuid4().hex[:12]}"  # the same for each process that it starts

    def prepare(self) -> None:
        """Remember who is in the groups: one that was killed stays a member until its session is over."""
        (self._observe_port,) = free_ports(1)
        try:
            self._former = self._cluster.members()
        except NotReadyError:  # then it takes over none that could be mistaken for it soon
            self._former = frozenset()

    def command(self) -> list[str]:
        return [sys.executable, "-m", "ops.cli", "worker", self.kind]

    def environment(self) -> dict[str, str]:
        return environment_with(self._settings) | {
            "CONTINUO_KAFKA__CLIENT_ID": self._client_id,
            "CONTINUO_KAFKA__INSTANCE_ID": self._instance_id,
            "CONTINUO_OBSERVE__PORT": str(self._observe_port),
        }

    @property
    def observed_at(self) -> str | None:
        """Host and port of its metrics, while it runs."""
        return f"127.0.0.1:{self._observe_port}" if self.pid is not None else None

    def _answers(self) -> str:
        (port,) = self.ports().values()
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/health", timeout=TIMEOUT_S, trust_env=False)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            raise NotReadyError(f"It does not answer on port {port}: {type(error).__name__}.") from error
        return f"answers on port {port}"

    @property
    def client_id(self) -> str:
        """How the brokers know it: the worker adds its kind to the client id that it is given."""
        return f"{self._client_id}-{self.kind}"

    @property
    def _client_id(self) -> str:
        # the second of a kind, "clips-2", is "continuo-2-clips" to the brokers
        return self._settings.kafka.client_id + self.name.removeprefix(self.kind)

    def ports(self) -> Mapping[str, int]:
        setting = SERVICES.get(self.kind)
        return {f"embedded.{setting}": getattr(self._settings.embedded, setting)} if setting else {}

    def check(self) -> str:
        return self.check_among(self._cluster.members())

    def check_among(self, members: Set[Member]) -> str:
        """Like ``check``, with all members of groups known already.

        Raises:
            NotReadyError: it does not run, or is not (yet) a member of a group that has settled.
        """
        if self.pid is None:
            raise NotReadyError("It does not run.")
        if self.kind in WITHOUT_GROUP:
            return "runs"
        if self.kind in SERVICES:
            return self._answers()
        if not any(member.client_id == self.client_id for member in members - self._former):
            raise NotReadyError("It is not a member of its consumer group.")
        return "consumes"
