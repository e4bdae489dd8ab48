"""``continuo demo`` as a user without a terminal runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.stack


@pytest.mark.timeout(400)
def test_demo_ends_by_itself_and_accounts_for_everything(tmp_path: Path) -> None:
    report = tmp_path / "demo-report.json"
    command = ["demo", "--clips", "40", "--clips-per-s", "10", "--live-seconds", "6", "--report", str(report)]
    ran = subprocess.run(
        [sys.executable, "-m", "ops.cli", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    account = json.loads(report.read_text())
    assert account["published"] == account["matched"] + account["unknown"] + account["failed"] + account["dead_letters"]
    assert account["failed"] == 4
    assert account["dead_letters"] == 2
    assert account["lost"] == 0
    assert account["in_redis"] == account["in_clickhouse"] == account["published"] - account["dead_letters"]
    assert account["matched"] >= 36
    assert account["latency_ms"]["live"]["count"] > 0
    assert len(account["instruments"]) == 3
    assert "instruments" in ran.stdout
    assert len(account["search"]["works"]) == 3, account["search"]
    assert "dead letters" in ran.stdout
    assert "Watch it in a browser: http://127.0.0.1:" in ran.stdout
