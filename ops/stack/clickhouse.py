"""ClickHouse: the engine of the Python package ``chdb`` behind a small HTTP server."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from .server import Server


class ClickHouse(Server):
    """The embedded ClickHouse; its tables are in ``data_dir/clickhouse``."""

    title = "ClickHouse"

    def ports(self) -> Mapping[str, int]:
        return {"clickhouse_port": self._settings.embedded.clickhouse_port}

    def command(self) -> list[str]:
        embedded = self._settings.embedded
        port, folder = str(embedded.clickhouse_port), str(embedded.data_dir / "clickhouse")
        return [sys.executable, "-m", "ops.clickhouse.server", "--port", port, "--path", folder]
