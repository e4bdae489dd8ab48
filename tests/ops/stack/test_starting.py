"""Workers that are started: one that waits for something that is away does not hold up the others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.settings import Settings
from ops.stack.errors import StackError
from ops.stack.launcher import Launcher
from ops.stack.monitor import STARTING, Finding
from ops.stack.part import Part
from ops.stack.scratch import scratch_settings
from ops.stack.starting import WAITING_S, Starting

TIMEOUT_S = 100.0
AWAY = Finding("waiting", "clickhouse-sink waits: ClickHouse does not take the rows.")


class Program(Part):
    """A worker that runs a line of Python."""

    def __init__(self, name: str, settings: Settings, launcher: Launcher, line: str = "") -> None:
        super().__init__(name, settings)
        self.title = f"Worker {name}"
        self._launcher = launcher
        self._line = line

    def launch(self) -> subprocess.Popen[bytes]:
        return self._launcher.launch([sys.executable, "-c", self._line], os.environ, self.log)

    def check(self) -> str:
        return "ready"


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    yield launcher
    launcher.close()


def test_a_worker_that_waits_is_told_of_and_left_to_itself(tmp_path: Path, launcher: Launcher) -> None:
    settings = scratch_settings(tmp_path)
    workers = [Program(name, settings, launcher) for name in ("clips", "clickhouse-sink", "live")]
    starting = Starting(workers, TIMEOUT_S)
    found = dict.fromkeys(("clips", "clickhouse-sink", "live"), STARTING)

    def outcomes(now: float) -> list[str]:
        return [*starting.outcomes(lambda part: found[part.name], now)]

    assert outcomes(0.0) == []
    found |= {"clips": Finding("healthy", "ready"), "clickhouse-sink": AWAY}
    assert outcomes(1.0) == ["Worker clips: ready."]
    found["clickhouse-sink"] = Finding("unhealthy", "It has not been given its partitions yet.")
    assert outcomes(2.0) == []
    found["clickhouse-sink"] = AWAY  # from now on
    assert outcomes(3.0) == outcomes(2.0 + WAITING_S) == []
    assert outcomes(3.0 + WAITING_S) == [f"Worker clickhouse-sink waits, and will go on by itself. {AWAY.says}"]
    assert starting
    (said,) = outcomes(float("inf"))
    assert said.startswith(f"Worker live is not ready after 100 s; its log is {workers[2].log}.")
    assert not starting


def test_a_worker_that_ends_is_an_error(tmp_path: Path, launcher: Launcher) -> None:
    worker = Program("triggers", scratch_settings(tmp_path), launcher, "raise SystemExit('The rules cannot be read.')")
    worker.start()
    starting = Starting([worker], TIMEOUT_S)
    while worker.pid is not None:
        time.sleep(0.05)
    with pytest.raises(StackError, match=r"(?s)Worker triggers ended with code 1.*The rules cannot be read"):
        list(starting.outcomes(lambda _: STARTING, 0.0))
