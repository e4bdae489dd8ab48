"""Asks every part how it is, in the background, so that nobody waits for a part that does not answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from ops.not_ready import NotReadyError, WaitsError

from .health import Probe
from .part import Part

INTERVAL_S = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a health check.

    Attributes:
        state: ``starting`` before the first check, ``healthy``, ``waiting`` for something that is away, ``unhealthy``.
        says: what it said.
        pid: the process that was checked, if it runs here.
    """

    state: Literal["starting", "healthy", "waiting", "unhealthy"]
    says: str
    pid: int | None = None


STARTING = Finding("starting", "")


class Monitor:
    """Checks parts and the user's own servers every two seconds.

    Args:
        parts: gives the parts to check.
        own_servers: probes of the user's own servers, by name.
    """

    def __init__(self, parts: Callable[[], list[Part]], own_servers: Mapping[str, Probe]) -> None:
        self._parts = parts
        self._own_servers = own_servers
        self._findings: dict[str, Finding] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="monitor", daemon=True)

    def start(self) -> None:
        """Begin to check."""
        self._thread.start()

    def finding(self, name: str, pid: int | None = None) -> Finding | None:
        """The last finding about a part whose process is ``pid``; None before the first."""
        found = self._findings.get(name)
        return found if found and found.pid == pid else None

    def close(self) -> None:
        """Stop checking."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        with ThreadPoolExecutor(len(self._own_servers) + 4, thread_name_prefix="check") as pool:
            while not self._closing.wait(INTERVAL_S):
                running = [(part, part.pid) for part in self._parts() if part.pid is not None]
                pending = {name: pool.submit(_find, probe.check, None) for name, probe in self._own_servers.items()}
                pending |= {part.name: pool.submit(_find, part.check, pid) for part, pid in running}
                self._findings = {name: future.result() for name, future in pending.items()}


def _find(check: Callable[[], str], pid: int | None) -> Finding:
    try:
        return Finding("healthy", check(), pid)
    except WaitsError as error:
        return Finding("waiting", str(error), pid)
    except NotReadyError as error:
        return Finding("unhealthy", str(error), pid)
