"""The gateway by its HTTP interface; what it would publish is kept in a list."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from connectors.gateway import make_gateway
from connectors.settings import EmbeddedSettings, GatewaySettings, IdentifySettings, RhythmSettings, Settings
from ops.bench.band import make_song
from processors.identify import Catalogue, WorkEntry
from processors.midi import write_midi
from processors.triggers import Rules
from schemas.events import Event

SONG = make_song(120.0, 40.0, np.random.default_rng(1))
PARTS = [{"section": "intro", "start": 0.0, "end": 8.0}, {"section": "chorus", "start": 8.0, "end": 30.0}]


class Published:
    """What was published, by topic."""

    def __init__(self) -> None:
        self._events: list[tuple[str, Event]] = []
        self._lock = threading.Lock()

    def __call__(self, topic: str, events: Sequence[Event]) -> None:
        with self._lock:
            self._events += [(topic, event) for event in events]

    def on(self, topic: str) -> list[Any]:
        with self._lock:
            return [event for name, event in self._events if name == topic]


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def gateway(published: Published, tmp_path: Path) -> Iterator[TestClient]:
    catalogue = tmp_path / "catalogue"
    Catalogue.update(catalogue, [WorkEntry("the-song", "The Song", "The Band", "song.mid", SONG.notes)])
    settings = Settings(
        embedded=EmbeddedSettings(data_dir=tmp_path),
        identify=IdentifySettings(catalogue=catalogue),
        gateway=GatewaySettings(body_max_bytes=200_000, rhythm_sessions=2),
        rhythm=RhythmSettings(engine="board"),
    )
    app = make_gateway(settings, published, Rules.load())
    with TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        yield client


def test_health_tells_whether_an_fpga_runs_the_network(gateway: TestClient) -> None:
    says = gateway.get("/health").json()
    assert (says["status"], says["fpga_enabled"]) == ("ok", True)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xa0\x04?", "text/plain"),  # no UTF-8
        (b'{"tempo": NaN, "beat_num": Infinity}', "application/json"),
        (b'{"source_id": "\\ud876", "\\ud876": null}', "application/json"),  # half a character
    ],
)
def test_what_does_not_fit_is_explained_whatever_it_is_made_of(gateway: TestClient, body: bytes, kind: str) -> None:
    for place in ("beat-trigger", "analyze-song", "start-rhythm-mode"):
        answer = gateway.post(f"/api/{place}", content=body, headers={"Content-Type": kind})
        assert answer.status_code == 422
        assert all({"type", "loc", "msg"} <= fault.keys() for fault in answer.json()["detail"])


def test_a_song_is_analysed_by_what_the_caller_knows(gateway: TestClient) -> None:
    facts = {"tempo": 120.0, "structure": PARTS}
    answer = gateway.post("/api/analyze-song", json={"name": "Song", "artist": "Band", "audio_features": facts}).json()
    assert (answer["success"], answer["tempo"], answer["beat_interval"], answer["basis"]) == (True, 120.0, 0.5, "given")
    assert [part["section"] for part in answer["structure"]] == ["intro", "chorus"]


def test_a_song_of_unknown_structure_is_said_to_have_the_usual_one(gateway: TestClient) -> None:
    facts = {"tempo": 120.0, "duration_ms": 180_000, "danceability": 0.9}
    answer = gateway.post("/api/analyze-song", json={"name": "Song", "audio_features": facts}).json()
    assert answer["basis"] == "assumed"
    parts = answer["structure"]
    assert (parts[0]["section"], parts[-1]["section"], parts[-1]["end"]) == ("intro", "outro", 180.0)
    assert all(part["end"] == later["start"] for part, later in pairwise(parts))
    assert all(part["start"] % 2.0 == 0.0 for part in parts)


def test_a_song_is_heard_and_recognised_from_its_file(gateway: TestClient) -> None:
    file = {"file": ("song.mid", write_midi(SONG.notes), "audio/midi")}
    answer = gateway.post("/api/analyze-song", files=file, data={"name": "Song"}).json()
    assert answer["basis"] == "heard"
    assert answer["work_id"] == "the-song"
    level = answer["tempo"] / 120.0
    assert min(abs(level - wanted) for wanted in (0.5, 1.0, 2.0)) < 0.03
    assert answer["structure"][-1]["end"] == pytest.approx(SONG.notes.end_s, abs=0.01)


@pytest.mark.parametrize(
    ("request_", "status", "reason"),
    [
        ({"json": {"name": "Song"}}, 422, "Give audio_features"),
        ({"json": {"name": "Song", "audio_features": {"tempo": 0}}}, 422, "greater than or equal to 20"),
        ({"content": b"{"}, 422, "Invalid JSON"),
        ({"files": {"file": ("a.mid", b"MThd nonsense")}}, 422, ""),
        ({"files": {"other": ("a.mid", b"MThd")}}, 422, "no file called"),
        ({"files": {"file": ("a.mid", b"0" * 300_000)}}, 413, "allowed"),
    ],
)
def test_what_cannot_be_analysed_says_why(gateway: TestClient, request_: Any, status: int, reason: str) -> None:
    answer = gateway.post("/api/analyze-song", **request_)
    assert answer.status_code == status
    assert reason in answer.text


def test_rhythm_mode_counts_the_beats_of_a_song(gateway: TestClient, published: Published) -> None:
    song = {"tempo": 400.0, "structure": PARTS}
    mode = gateway.post("/api/start-rhythm-mode", json={"song_data": song, "duration": 3.0}).json()
    assert (mode["success"], mode["beats"], mode["triggers"]) == (True, 20, 1)
    deadline = time.monotonic() + 30.0
    while gateway.get(f"/api/rhythm-mode/{mode['session_id']}").json()["state"] == "playing":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    beats = published.on("beats")
    assert [beat.number for beat in beats] == [*range(1, 21)]
    assert {beat.session_id for beat in beats} == {mode["session_id"]}
    assert all(beat.created_at <= beats[-1].source_zero_us + beats[-1].time_s * 1e6 for beat in beats)
    assert [section.label for section in published.on("sections")] == ["intro", "chorus"]


def test_rhythm_modes_are_bounded_and_can_be_stopped(gateway: TestClient) -> None:
    request = {"song_data": {"tempo": 60.0}, "duration": 600.0}
    first = gateway.post("/api/start-rhythm-mode", json=request).json()
    gateway.post("/api/start-rhythm-mode", json=request).raise_for_status()
    assert gateway.post("/api/start-rhythm-mode", json=request).status_code == 422
    assert gateway.delete(f"/api/rhythm-mode/{first['session_id']}").json()["state"] == "ended"
    gateway.post("/api/start-rhythm-mode", json=request).raise_for_status()
    assert gateway.post("/api/start-rhythm-mode", json=request | {"duration": 1e6}).status_code == 422
    assert gateway.get("/api/rhythm-mode/nobody").status_code == 404


def test_a_beat_that_the_caller_counts_fires_once(gateway: TestClient, published: Published) -> None:
    def ask(beat: int) -> Any:
        beat_of_song = {"section": "bridge", "beat_num": beat, "session_id": "song"}
        return gateway.post("/api/beat-trigger", json=beat_of_song).json()

    assert ask(15)["trigger"] is False
    assert (ask(16)["error_type"], ask(16)["repeated"]) == ("chaotic", True)
    (trigger,) = published.on("triggers")
    assert (trigger.key, trigger.section, trigger.beat) == ("http/song/16", "bridge", 16)
    assert gateway.post("/api/beat-trigger", json={"section": "refrain", "beat_num": 1}).status_code == 422


def test_openapi_describes_every_route_with_examples(gateway: TestClient) -> None:
    described = gateway.get("/openapi.json").json()
    assert {"/health", "/api/analyze-song", "/api/start-rhythm-mode", "/api/beat-trigger"} <= set(described["paths"])
    for name in ("RhythmModeRequest", "BeatTriggerRequest"):
        assert described["components"]["schemas"][name]["examples"]
