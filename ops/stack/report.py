"""The state of the stack as ``continuo status`` tells it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from connectors.settings import Settings

from .cluster import Cluster, GroupState, TopicState
from .errors import NotReadyError
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


def report(settings: Settings) -> StackReport:
    """Ask the servers, the brokers and the supervisor's own record."""
    state = running(settings.embedded.data_dir)
    published = {part.name: part for part in state.parts} if state else {}
    with ThreadPoolExecutor(len(PROBES)) as pool:
        servers = list(pool.map(lambda name: _server(name, settings, published.get(name)), PROBES))
    workers = tuple(part for name, part in published.items() if name not in PROBES)
    topics, groups = _records(settings) if _is_healthy(servers, "kafka") else ((), ())
    return StackReport(
        supervisor=state.pid if state else None,
        ready=_is_ready(state),
        parts=(*servers, *workers),
        topics=topics,
        groups=groups,
    )


def _records(settings: Settings) -> tuple[tuple[TopicState, ...], tuple[GroupState, ...]]:
    cluster = Cluster(settings)
    try:
        return tuple(cluster.topics()), tuple(cluster.groups())
    except NotReadyError:
        return (), ()


def _is_healthy(parts: list[PartState], name: str) -> bool:
    return any(part.name == name and part.state == "healthy" for part in parts)


def _is_ready(state: RunState | None) -> bool:
    return state is not None and state.ready


def _server(name: str, settings: Settings, published: PartState | None) -> PartState:
    known = published or PartState(name=name, state="down", embedded=name in embedded_servers(settings))
    try:
        return known.model_copy(update={"state": "healthy", "says": PROBES[name](settings).check()})
    except NotReadyError as error:
        state = "down" if known.state == "healthy" else known.state
        return known.model_copy(update={"state": state, "says": str(error)})
