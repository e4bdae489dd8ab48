"""The state of the stack as ``continuo status`` tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from connectors.settings import Settings
from ops.cluster import Cluster, GroupState, TopicState
from ops.not_ready import NotReadyError

from .health import PROBES
from .run_state import PartState, RunState, running
from .stack import embedded_servers


@dataclass(frozen=True, slots=True)
class StackReport:
    """Everything at one moment.

    Attributes:
        supervisor: the process of ``continuo up``, if it runs.
        ready: the supervisor has brought everything up.
        parts: the four servers as they answer now, and the workers as the supervisor last saw them.
        topics: empty when no broker answers.
        groups: empty when no broker answers.
    """

    supervisor: int | None
    ready: bool
    parts: tuple[PartState, ...]
    topics: tuple[TopicState, ...]
    groups: tuple[GroupState, ...]

    @property
    def healthy(self) -> bool:
        """Every part is healthy."""
        return all(part.state == "healthy" for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """Plain values for ``--json``."""
        groups = [
            {
                "name": group.name,
                "state": group.state,
                "members": list(group.members),
                "lag": group.lag,
                "partitions": [asdict(partition) | {"lag": partition.lag} for partition in group.partitions],
            }
            for group in self.groups
        ]
        return {
            "healthy": self.healthy,
            "ready": self.ready,
            "supervisor": self.supervisor,
            "parts": [part.model_dump() for part in self.parts],
            "topics": [asdict(topic) for topic in self.topics],
            "groups": groups,
        }


class StackReporter:
    """Asks the servers, the brokers and the supervisor's own record. Its connections last: ask it often."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = Cluster(settings)
        self._probes = {name: make(settings) for name, make in PROBES.items()}

    def report(self) -> StackReport:
        """Everything as it is now."""
        state = running(self._settings.embedded.data_dir)
        published = {part.name: part for part in state.parts} if state else {}
        with ThreadPoolExecutor(len(self._probes)) as pool:
            servers = list(pool.map(lambda name: self._server(name, published.get(name)), self._probes))
        workers = tuple(part for name, part in published.items() if name not in self._probes)
        topics, groups = self._records() if _is_healthy(servers, "kafka") else ((), ())
        return StackReport(
            supervisor=state.pid if state else None,
            ready=_is_ready(state),
            parts=(*servers, *workers),
            topics=topics,
            groups=groups,
        )

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return self.report().as_json()

    def _records(self) -> tuple[tuple[TopicState, ...], tuple[GroupState, ...]]:
        try:
            return tuple(self._cluster.topics()), tuple(self._cluster.groups())
        except NotReadyError:
            return (), ()

    def _server(self, name: str, published: PartState | None) -> PartState:
        known = published or PartState(name=name, state="down", embedded=name in embedded_servers(self._settings))
        try:
            return known.model_copy(update={"state": "healthy", "says": self._probes[name].check()})
        except NotReadyError as error:
            state = "down" if known.state == "healthy" else known.state
            return known.model_copy(update={"state": state, "says": str(error)})


def _is_healthy(parts: list[PartState], name: str) -> bool:
    return any(part.name == name and part.state == "healthy" for part in parts)


def _is_ready(state: RunState | None) -> bool:
    return state is not None and state.ready
