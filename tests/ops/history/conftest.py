"""The embedded ClickHouse with the sink's tables, and an evening's answers in them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver import Client

from connectors.sinks.clickhouse_schema import migrate
from ops.stack.ports import free_ports

BEGIN = datetime(2026, 3, 7, 20, 0, tzinfo=UTC)
SOURCE = "the <bar> piano"
PROGRAMME = ["joplin/rag"] * 60 + [""] * 40 + ["bach/a&b"] * 60
"""What is played in each second; empty: nothing that is known."""
COLUMNS = (
    *("origin_topic", "origin_partition", "origin_offset", "source_id", "created_at", "kind", "status", "work_id"),
    *("title", "composer", "confidence", "ref_start_s", "ref_end_s", "latency_ms", "compute_ms", "error_type"),
    *("error_message", "time_s"),
)


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where it listens."""
    (port,) = free_ports(1)
    folder = tmp_path_factory.mktemp("clickhouse")
    server = subprocess.Popen(
        [sys.executable, "-m", "ops.clickhouse.server", "--port", str(port), "--path", str(folder)]
    )
    try:
        deadline = time.monotonic() + 60.0
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/ping").raise_for_status()
                break
            except httpx.TransportError:
                assert server.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/default"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


@pytest.fixture(scope="package")
def history(url: str) -> Client:
    """A client of it; the tables hold the evening."""
    client = clickhouse_connect.get_client(dsn=url)
    migrate(client, 0)
    rows = [_answer(second, work) for second, work in enumerate(PROGRAMME)]
    failed = _answer(500, "")
    failed[6], failed[15], failed[16] = "failed", "not_midi", "This is not MIDI."
    client.insert("matches", [*rows, failed, *rows[:20]], column_names=COLUMNS)  # some came twice
    client.insert(
        "dead_letters",
        [["clips", 0, 7, "clips", SOURCE, BEGIN, "undecodable", "No header."]],
        column_names=[
            *("origin_topic", "origin_partition", "origin_offset", "stage", "source_id", "created_at", "error_type"),
            "message",
        ],
    )
    client.insert(
        "instruments",
        [["clips", 0, 9, SOURCE, BEGIN, "detected", ["piano", "flute"], [0.75, 0.25]]],
        column_names=[
            *("origin_topic", "origin_partition", "origin_offset", "source_id", "created_at", "status"),
            *("instruments", "probabilities"),
        ],
    )
    client.insert(
        "triggers",
        [[f"k{n}", SOURCE, BEGIN, BEGIN + timedelta(milliseconds=9), "basic", "chorus", "predicted"] for n in range(3)],
        column_names=["key", "source_id", "due_at", "created_at", "error_type", "section", "basis"],
    )
    return client


def _answer(second: int, work: str) -> list[object]:
    known = bool(work)
    return [
        *("notes", 0, second, SOURCE, BEGIN + timedelta(seconds=second), "live", "matched" if known else "unknown"),
        *(work, f"Title of {work}" if known else "", "=Composer" if known else "", 0.9 if known else 0.0),
        *(float(second), second + 1.0, 12.0, 2.0, "", "", 0.0),
    ]
