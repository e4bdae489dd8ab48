"""Asks every part how it is, in the background, so that nobody waits for a part that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from .cluster import Cluster
from .errors import NotReadyError
from .health import Probe
from .part import Part
from .workers import Worker

INTERVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a health check."""

    healthy: bool
    says: str


class Monitor:
    """Checks parts and the user's own servers every two seconds.

    Args:
        parts: gives the parts to check.
        own_servers: probes of the user's own servers, by name.
        cluster: asked once a round which workers consume.
    """

    def __init__(self, parts: Callable[[], list[Part]], own_servers: Mapping[str, Probe], cluster: Cluster) -> None:
        self._parts = parts
        self._own_servers = own_servers
        self._cluster = cluster
        self._findings: dict[str, Finding] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin to check."""
        self._thread.start()

    def finding(self, name: str) -> Finding | None:
        """The last finding about a part; None before the first."""
        return self._findings.get(name)

    def close(self) -> None:
        """Stop checking."""
        self._closing.set()
        self._thread.join()

    def _watch(self) -> None:
        with ThreadPoolExecutor(len(self._own_servers) + 4, thread_name_prefix="check") as pool:
            while not self._closing.wait(INTERVAL_S):
                parts = [part for part in self._parts() if part.pid is not None]
                checks: dict[str, Callable[[], str]] = {name: probe.check for name, probe in self._own_servers.items()}
                checks |= {part.name: part.check for part in parts if not isinstance(part, Worker)}
                pending = {name: pool.submit(_find, check) for name, check in checks.items()}
                findings = self._find_workers([part for part in parts if isinstance(part, Worker)])
                self._findings = findings | {name: future.result() for name, future in pending.items()}

    def _find_workers(self, workers: list[Worker]) -> dict[str, Finding]:
        if not workers:
            return {}
        try:
            members = self._cluster.members()
        except NotReadyError as error:
            return {worker.name: Finding(False, str(error)) for worker in workers}
        return {worker.name: _find(partial(worker.check_among, members)) for worker in workers}


def _find(check: Callable[[], str]) -> Finding:
    try:
        return Finding(True, check())
    except NotReadyError as error:
        return Finding(False, str(error))
