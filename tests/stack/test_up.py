"""``continuo up``, ``status`` and ``down`` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.environment import environment_with
from ops.stack.run_state import PartState, RunState, running
from ops.stack.scratch import scratch_settings
from schemas.events import Clip

PATIENCE_S = 120


@pytest.fixture
def own_settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings for a stack of this test's own; whatever the test leaves running is ended."""
    settings = scratch_settings(tmp_path)
    yield settings
    if state := running(tmp_path):
        os.kill(state.pid, signal.SIGKILL)


def continuo(settings: Settings, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *words],
        env=environment_with(settings) | environment,
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_S,
    )


def status(settings: Settings) -> dict[str, object]:
    return json.loads(continuo(settings, "status", "--json").stdout)  # type: ignore[no-any-return]


def wait_until(holds: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"Waited in vain until {what}."
        time.sleep(0.2)


def assert_nothing_is_left(settings: Settings, processes: list[psutil.Process]) -> None:
    _, left = psutil.wait_procs(processes, timeout=20)
    assert left == []
    embedded = settings.embedded
    for port in (embedded.kafka_port, embedded.registry_port, embedded.redis_port, embedded.clickhouse_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0, f"Somebody still listens on port {port}."
    assert running(embedded.data_dir) is None


def family(state: RunState) -> list[psutil.Process]:
    supervisor = psutil.Process(state.pid)
    return [supervisor, *supervisor.children(recursive=True)]


def test_up_status_down(own_settings: Settings) -> None:
    """With a Redis of one's own, which comes late."""
    redis = {"CONTINUO_REDIS__URL": own_settings.redis_url}
    up = continuo(own_settings, "up", "--detach", "--workers", "2", **redis)
    assert up.returncode == 0, up.stdout + up.stderr
    assert "redis is unhealthy: It does not answer" in up.stdout
    state = running(own_settings.embedded.data_dir)
    assert state is not None
    processes = family(state)
    with EventProducer(own_settings, EventCodec(own_settings)) as producer:
        producer.send("clips", Clip(source_id="s", clip_id="c", kind="midi", name="a.mid", data=b"no MIDI"))
    wait_until(lambda: parts_of(own_settings)["redis-sink"].state == "waiting", "the sink waits")
    assert "Redis does not take the answers" in parts_of(own_settings)["redis-sink"].says
    with Stack(own_settings, ["redis"]):
        assert_up_status_down(own_settings, state, processes)
    assert_nothing_is_left(own_settings, processes)
    assert continuo(own_settings, "status").returncode == 1
    assert "No stack is up" in continuo(own_settings, "down").stdout


def assert_up_status_down(own_settings: Settings, state: RunState, processes: list[psutil.Process]) -> None:

    again = continuo(own_settings, "up")
    assert again.returncode == 1
    assert f"is up in {own_settings.embedded.data_dir} already (process {state.pid})" in again.stderr

    victims = {part.name: part.pid for part in state.parts if part.name in ("clickhouse", "clips-2")}
    for pid in victims.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: revived(own_settings, set(victims)), "the killed parts were started again")

    report = status(own_settings)
    assert report["healthy"] is True
    assert {topic["name"] for topic in report["topics"]} >= {"clips", "notes", "matches"}  # type: ignore[attr-defined]
    clips = next(group for group in report["groups"] if group["name"] == "continuo-clips")  # type: ignore[attr-defined]
    assert sum(member.endswith("-clips") for member in clips["members"]) >= 2
    assert {partition["lag"] for partition in clips["partitions"]} == {0}

    processes += family(state)
    down = continuo(own_settings, "down")
    assert down.returncode == 0
    assert f"(process {state.pid}) has ended" in down.stdout


def revived(settings: Settings, names: set[str]) -> bool:
    parts = parts_of(settings)
    return all(parts[name].restarts == 1 for name in names) and all(p.state == "healthy" for p in parts.values())


def parts_of(settings: Settings) -> dict[str, PartState]:
    state = running(settings.embedded.data_dir)
    assert state is not None
    return {part.name: part for part in state.parts}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_supervisor_that_is_ended_leaves_no_orphans(own_settings: Settings, number: signal.Signals) -> None:
    data_dir = own_settings.embedded.data_dir
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "up"],
        env=environment_with(own_settings),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: servers_run(data_dir), "the servers run")
    state = running(data_dir)
    assert state is not None
    processes = family(state)[1:]
    assert len(processes) >= 4
    process.send_signal(number)
    process.wait(PATIENCE_S)
    assert_nothing_is_left(own_settings, processes)


def servers_run(data_dir: Path) -> bool:
    state = running(data_dir)
    return state is not None and sum(part.pid is not None for part in state.parts) >= 4


def test_port_in_use(own_settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own_settings.embedded.redis_port))
        taken.listen()
        up = continuo(own_settings, "up")
    assert up.returncode == 1
    assert f"Port {own_settings.embedded.redis_port}" in up.stderr
    assert f"process {os.getpid()}" in up.stderr
    assert "CONTINUO_EMBEDDED__REDIS_PORT" in up.stderr
    assert not any((own_settings.embedded.data_dir / "kafka").glob("*")), "Nothing should have been started."


def test_missing_maven(own_settings: Settings, tmp_path: Path) -> None:
    cache = {"CONTINUO_EMBEDDED__CACHE_DIR": str(tmp_path / "empty"), "PATH": str(Path(sys.executable).parent)}
    up = continuo(own_settings, "up", **cache)
    assert up.returncode == 1
    assert "Maven is missing" in up.stderr
    assert "apt-get install maven" in up.stderr
    assert list((tmp_path / "empty").glob("kafka*")) == []


def test_failing_download(own_settings: Settings, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    maven = tools / "mvn"
    maven.write_text("#!/bin/sh\necho 'Could not resolve host'\nexit 1\n")
    maven.chmod(0o755)
    cache = {"CONTINUO_EMBEDDED__CACHE_DIR": str(tmp_path / "empty"), "PATH": f"{tools}:{os.environ['PATH']}"}
    up = continuo(own_settings, "up", **cache)
    assert up.returncode == 1
    assert "Maven could not fetch kafka" in up.stderr
    assert "Could not resolve host" in up.stderr
    assert list((tmp_path / "empty").glob("kafka*")) == []


def test_a_server_of_ones_own_that_is_away(own_settings: Settings) -> None:
    up = continuo(own_settings, "up", CONTINUO_KAFKA__BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert up.returncode == 1
    assert "a kafka of your own" in up.stderr
    assert "127.0.0.1:1" in up.stderr
