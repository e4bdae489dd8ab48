"""A real Prometheus that reads the workers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from ops.stack.ports import free_ports

ALERTS = Path(__file__).parents[2] / "ops" / "prometheus" / "alerts.yml"
PATIENCE_S = 60.0


def program(name: str) -> str:
    """``prometheus`` or ``promtool``: on the PATH, or where ``make test-programs`` puts them."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    found = shutil.which(name) or shutil.which(name, path=cache / "continuo/prometheus/usr/bin")
    assert found, f"{name} is missing: run `make test-programs`."
    return found


class Prometheus:
    """A running server; see ``running``."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, verify=False, trust_env=False, timeout=30.0)

    def get(self, path: str, **query: str) -> Any:
        """An answer of the API; fails where it refuses."""
        answer = self._client.get(f"/api/v1/{path}", params=query)
        body = answer.json()
        assert body["status"] == "success", f"{query}: {body.get('error')}"
        return body["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found

    def families(self) -> set[str]:
        """The names of all metrics that the targets declare, whether they have values yet or not."""
        return {entry["metric"] for entry in self.get("targets/metadata")} | {"up"}

    def is_up(self) -> bool:
        try:
            return self._client.get("/-/ready").status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def running(folder: Path, targets: Mapping[str, str]) -> Iterator[Prometheus]:
    """Reads each target, host and port by the name of its worker, every second."""
    (port,) = free_ports(1)
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "continuo", "file_sd_configs": [{"files": [str(folder / "targets.json")]}]}],
    }
    (folder / "targets.json").write_text(json.dumps([{"targets": list(targets.values())}]))
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    server = subprocess.Popen(
        [
            program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
    )
    try:
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + PATIENCE_S
        while not prometheus.is_up():
            assert server.poll() is None
            assert time.monotonic() < deadline, "Prometheus does not start."
            time.sleep(0.1)
        yield prometheus
    finally:
        server.terminate()
        server.wait(30)
