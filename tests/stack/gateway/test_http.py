"""The gateway on real Kafka and Redis: what is sent in by HTTP is answered by HTTP."""

from __future__ import annotations

import io
import json
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from fastapi.testclient import TestClient
from websockets.sync.client import connect

from connectors.gateway import make_gateway
from connectors.http.server import serve
from connectors.settings import Settings
from ops.stack.ports import free_ports
from processors.identify import Catalogue
from processors.triggers import Rules

from ..music import make_piece
from ..waiting import eventually

PIECE = make_piece(808)
PATIENCE_S = 90.0

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def gateway(address: str, settings: Settings) -> Iterator[httpx.Client]:
    Catalogue.update(settings.catalogue_dir, [PIECE.entry()])
    with httpx.Client(base_url=address, timeout=PATIENCE_S, trust_env=False) as client:
        yield client


class Stream:
    """What a source's stream says, read in the background."""

    def __init__(self, gateway: httpx.Client, source_id: str) -> None:
        self.events: list[tuple[str, Any]] = []
        self.ended = False
        self._gateway = gateway
        self._path = f"/api/sources/{source_id}/events"
        threading.Thread(target=self._read, daemon=True).start()
        eventually(lambda: self.of("hello"), bool)

    def of(self, kind: str) -> list[Any]:
        return [event for name, event in self.events if name == kind]

    def _read(self) -> None:
        # the client is closed when the tests are over, while streams are still read
        with suppress(httpx.ReadError), self._gateway.stream("GET", self._path) as answer:
            kind = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    self.events.append((kind, json.loads(value)))
            self.ended = True


def upload(gateway: httpx.Client, clip_id: str, wait_s: float = PATIENCE_S) -> httpx.Response:
    return gateway.post(
        "/api/clips",
        params={"wait_s": wait_s},
        data={"source_id": "uploader", "clip_id": clip_id},
        files={"file": ("a.mid", PIECE.clip(10.0))},
    )


def test_it_says_that_it_is_ready(gateway: httpx.Client) -> None:
    said = eventually(lambda: gateway.get("/ready"), lambda answer: answer.status_code == 200).json()
    assert said == {"ready": True, "problems": []}


def test_an_uploaded_clip_is_answered(gateway: httpx.Client) -> None:
    clip_id = str(uuid.uuid4())
    said = upload(gateway, clip_id)
    assert (said.status_code, said.headers["Location"]) == (200, f"/api/clips/{clip_id}")
    assert said.json()["candidates"][0]["work_id"] == PIECE.work_id
    assert gateway.get(f"/api/clips/{clip_id}").json() == said.json()


def test_many_who_wait_for_a_clip_get_its_answer(gateway: httpx.Client) -> None:
    clip_id = str(uuid.uuid4())
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(gateway.get, f"/api/clips/{clip_id}", params={"wait_s": PATIENCE_S / 2}) for _ in range(8)
        ]
        assert upload(gateway, clip_id, 0.0).status_code in (200, 202)
        answers = [future.result() for future in waiting]
    assert {(answer.status_code, answer.json()["clip_id"]) for answer in answers} == {(200, clip_id)}


def test_the_instruments_of_a_clip_are_answered(gateway: httpx.Client) -> None:
    time_s = np.arange(3 * 22_050) / 22_050
    sound = io.BytesIO()
    soundfile.write(sound, 0.3 * np.sin(2 * np.pi * 440.0 * time_s), 22_050, format="WAV")
    said = gateway.post("/api/clips", data={"wants": "instruments"}, files={"file": ("a.wav", sound.getvalue())})
    found = gateway.get(f"{said.headers['Location']}/instruments", params={"wait_s": 60.0})
    assert (found.status_code, found.json()["status"], found.json()["name"]) == (200, "detected", "a.wav")


def test_a_gateway_beside_it_gives_the_same_answers(gateway: httpx.Client, settings: Settings) -> None:
    clip_id = str(uuid.uuid4())
    upload(gateway, clip_id, 0.0)
    other = make_gateway(settings, lambda topic, events: None, Rules.load())
    with TestClient(other, "http://127.0.0.1", client=("127.0.0.1", 50_000)) as beside:
        said = beside.get(f"/api/clips/{clip_id}", params={"wait_s": PATIENCE_S / 2}).json()
    assert said == gateway.get(f"/api/clips/{clip_id}").json()
    assert said["status"] == "matched"


def test_a_clip_that_nobody_sent_is_pending(gateway: httpx.Client) -> None:
    said = gateway.get("/api/clips/never", params={"wait_s": 0.1})
    assert (said.status_code, said.json()) == (202, {"clip_id": "never", "status": "pending"})


def test_what_is_no_music_is_refused(gateway: httpx.Client) -> None:
    said = gateway.post("/api/clips", files={"file": ("notes.txt", b"do re mi")})
    assert (said.status_code, "neither MIDI nor audio" in said.json()["detail"]) == (422, True)


def test_who_plays_sees_what_is_played(gateway: httpx.Client, source: str) -> None:
    stream = Stream(gateway, source)
    notes = [
        {"time_s": note.time_s, "type": note.type, "pitch": note.pitch, "velocity": note.velocity}
        for note in PIECE.played(source, 5.0, 15.0)
    ]
    address = str(gateway.base_url).replace("http", "ws") + f"/api/sources/{source}/notes"
    with connect(address) as socket:
        for note in notes:
            socket.send(json.dumps([note]))
            taken = json.loads(socket.recv(PATIENCE_S))
    assert taken["next_sequence"] == len(notes)

    last = eventually(lambda: stream.of("match")[-1], lambda match: match["time_s"] == notes[-1]["time_s"])
    assert last["candidates"][0]["work_id"] == PIECE.work_id
    assert "lost" not in dict(stream.events)
    assert source in [entry["source_id"] for entry in gateway.get("/api/sources").json()]


def test_who_comes_later_is_told_what_is_known(gateway: httpx.Client, source: str) -> None:
    batch = {"session_id": "one", "first_sequence": 0, "notes": [{"time_s": 1.0, "type": "note_on", "pitch": 60}]}
    assert gateway.post(f"/api/sources/{source}/notes", json=batch).json() == {"session_id": "one", "next_sequence": 1}

    def known() -> list[Any]:
        return Stream(gateway, source).of("match")

    assert eventually(known, bool)[0]["time_s"] == 1.0


def test_status_tells_of_workers_and_lag(gateway: httpx.Client) -> None:
    said = gateway.get("/api/status").json()
    assert {"kafka", "redis"} <= {part["name"] for part in said["parts"] if part["state"] == "healthy"}
    assert "continuo-redis-sink" in {group["name"] for group in said["groups"]}
    assert all("lag" in group for group in said["groups"])


def test_it_stops_though_streams_are_open(address: str, settings: Settings, source: str) -> None:
    stop, (port,) = threading.Event(), free_ports(1)
    app = make_gateway(settings, lambda topic, events: None, Rules.load())
    server = threading.Thread(target=serve, args=(app, "127.0.0.1", port, stop))
    server.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_S, trust_env=False) as other:
        eventually(lambda: other.get("/health").status_code, lambda status: status == 200)
        stream = Stream(other, source)
        stop.set()
        server.join(PATIENCE_S)
        eventually(lambda: stream.ended, bool)
    assert not server.is_alive()
    assert stream.ended
