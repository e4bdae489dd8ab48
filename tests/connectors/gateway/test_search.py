"""Searches by HTTP: what is refused at the door. What is found is tested on the stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from connectors.gateway import make_gateway
from connectors.settings import EmbeddedSettings, Settings
from processors.triggers import Rules

FILE = {"audio": ("x.wav", b"RIFF", "audio/wav")}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[TestClient]:
    def publish(*_: Any) -> None:
        raise AssertionError("This must not be published.")

    app = make_gateway(Settings(embedded=EmbeddedSettings(data_dir=tmp_path)), publish, Rules.load())
    with TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        yield client


@pytest.mark.parametrize(
    ("mode", "request_", "reason"),
    [
        ("text", {"json": {"query": ""}}, "The query is empty"),
        ("text", {"json": {}}, "The query is empty"),
        ("text", {"json": {"query": "x" * (1 << 20)}}, "has 1048576 characters"),
        ("text", {"json": {"query": "x", "alpha": 7}}, "alpha is 7"),
        ("text", {"json": {"query": "x", "top_k": 10**9}}, "top_k is 1000000000"),
        ("text", {"json": {"query": "x", "top_k": "many"}}, "valid integer"),
        ("text", {"json": {"query": "x", "audio": "y"}}, "takes no audio"),
        ("text", {"json": {"query": "x", "path": "/etc/passwd"}}, "Extra inputs"),
        ("text", {"content": b"{"}, "Invalid JSON"),
        ("text", {"json": {"query": "x", "instruments": ["kazoo"]}}, "no instrument 'kazoo'"),
        ("audio", {"json": {}}, "Give music"),
        ("audio", {"json": {"audio": "../../etc/passwd"}}, "paths are not taken"),
        ("audio", {"json": {"audio": "/home/someone/song.wav"}}, "paths are not taken"),
        ("audio", {"files": {"sound": ("x.wav", b"RIFF", "audio/wav")}}, "is called `audio`"),
        ("audio", {"files": {"audio": ("../../x.txt", b"words", "text/plain")}}, "neither MIDI nor audio"),
        ("hybrid", {"files": FILE, "data": {"query": ""}}, "The query is empty"),
        ("hybrid", {"files": FILE, "data": {"query": "x", "alpha": "-0.1"}}, "alpha is -0.1"),
        ("similar", {"json": {}}, "Say of which work"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(
    gateway: TestClient, mode: str, request_: dict[str, Any], reason: str
) -> None:
    answer = gateway.post(f"/search/{mode}", **request_)
    assert answer.status_code == 422
    assert reason in answer.text
    assert len(answer.text) < 2_000


def test_an_answer_waits_for_servers_that_are_away_no_longer_than_is_said(gateway: TestClient) -> None:
    assert gateway.post("/search/text", json={"query": "a slow waltz"}).status_code == 503


def test_the_routes_are_described(gateway: TestClient) -> None:
    paths = gateway.get("/openapi.json").json()["paths"]
    for mode in ("text", "audio", "hybrid", "similar"):
        assert paths[f"/search/{mode}"]["post"]["requestBody"]["content"]
