"""The embedded stack: parts that are started and stopped together."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from connectors.settings import Settings
from ops.workers import WORKERS

from .clickhouse import ClickHouse
from .errors import StackError
from .kafka import Kafka
from .launcher import Launcher
from .part import Part
from .redis import Redis
from .registry import Registry
from .server import Server
from .workers import Worker

SERVERS: dict[str, type[Server]] = {"kafka": Kafka, "registry": Registry, "redis": Redis, "clickhouse": ClickHouse}


def embedded_servers(settings: Settings) -> list[str]:
    """The servers that run on this machine because the settings name none of the user's own."""
    own = {
        "kafka": settings.kafka.bootstrap_servers,
        "registry": settings.registry.url,
        "redis": settings.redis.url,
        "clickhouse": settings.clickhouse.url,
    }
    return [name for name in SERVERS if own[name] is None]


class Stack:
    """Parts by name. As a context manager: started and healthy inside, all stopped after.

    Args:
        settings: ports, folders and limits.
        parts: servers (``kafka``, ``registry``, ``redis``, ``clickhouse``) and kinds of worker. A kind of
            worker may be there more than once: the second ``clips`` is called ``clips-2``.
    """

    def __init__(self, settings: Settings, parts: Sequence[str] = tuple(SERVERS)) -> None:
        self.settings = settings
        self._launcher = Launcher()
        self._parts: dict[str, Part] = {}
        for kind in parts:
            self.add(kind)
            if kind == "kafka":
                for number in range(len(settings.embedded.kafka_further_ports) // 2):
                    self.add(f"kafka-{number + 2}")

    @property
    def parts(self) -> list[Part]:
        """All parts, in the order in which they were added."""
        return list(self._parts.values())

    def part(self, name: str) -> Part:
        """The part called ``name``."""
        try:
            return self._parts[name]
        except KeyError:
            raise StackError(f"The stack has no part {name!r}; it has {', '.join(self._parts)}.") from None

    def add(self, kind: str) -> Part:
        """Add a part, not started yet."""
        server, _, number = kind.partition("-")
        if server in SERVERS and (not number or number.isdigit()):
            if kind in self._parts:
                raise StackError(f"The stack has one {kind}, not two.")
            part: Part = SERVERS[server](kind, self.settings, self._launcher)
        elif kind in WORKERS:
            part = Worker(self._free_name(kind), kind, self.settings)
        else:
            raise StackError(f"There is no part {kind!r}; there are {', '.join([*SERVERS, *WORKERS])}.")
        self._parts[part.name] = part
        return part

    def require_ports(self) -> None:
        """Check all ports before anything starts; raises ``StackError`` for one that is in use."""
        for part in self.parts:
            part.require_ports()

    def start(self) -> None:
        """Start all parts side by side and wait until they are healthy; stop them all if one is not."""
        try:
            self.require_ports()
            for part in self.parts:
                part.start()
            for part in self.parts:
                part.wait_healthy()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all parts, the last one first, so that workers end before what they talk to."""
        workers = [part for part in reversed(self.parts) if isinstance(part, Worker)]
        servers = [part for part in reversed(self.parts) if not isinstance(part, Worker)]
        for group in (workers, servers):
            for part in group:
                part.request_stop()
            for part in group:
                part.stop()

    def close(self) -> None:
        """Stop everything and release the launcher; the stack cannot be started again."""
        self.stop()
        self._launcher.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._launcher.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _free_name(self, kind: str) -> str:
        count = 1 + sum(isinstance(part, Worker) and part.kind == kind for part in self.parts)
        return kind if count == 1 else f"{kind}-{count}"
