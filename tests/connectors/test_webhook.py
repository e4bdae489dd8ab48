"""Triggers by HTTP to a real server: taken once, tried again, given up with a reason; and as cues by OSC and MIDI."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import mido
import pytest
from pythonosc.osc_message import OscMessage

from connectors.consumer import Received
from connectors.cues import Cues, MidiCue, OscCue
from connectors.error_generator import make_app
from connectors.http.server import serve
from connectors.settings import CueSettings, EmbeddedSettings, Settings, WebhookSettings
from connectors.sinks.base import RefusedError
from connectors.webhook import WebhookDestination, WebhookError
from processors.errors import Styles
from schemas.events import Origin, now_us
from schemas.rhythm import ErrorEvent, Trigger


def trigger(beat: int = 16, due_at: int | None = None, error_type: str = "business") -> Trigger:
    return Trigger(
        source_id="piano",
        origin=Origin("beats", 0, beat),
        session_id="song",
        key=f"piano/song/{beat}",
        trigger="phrase",
        error_type=error_type,
        beat=beat,
        section="chorus",
        tempo=120.0,
        time_s=beat * 0.5,
        due_at=now_us() if due_at is None else due_at,
        basis="predicted",
        made_by="test",
    )


def received(event: Trigger) -> Received:
    return Received(Origin("triggers", 0, event.beat), b"piano", 0, event)


class Receiver:
    """An HTTP server that answers as it is told, the last answer for ever, and remembers what it heard."""

    def __init__(self, *answers: int) -> None:
        heard: list[tuple[dict[str, Any], str]] = []
        waiting = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                heard.append((body, self.headers["Idempotency-Key"]))
                status = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.heard = heard
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def webhook(url: str, **changes: Any) -> WebhookDestination:
    options = {"error_generator_url": url, "backoff_s": 0.01, "timeout_s": 1.0, **changes}
    return WebhookDestination(Settings(webhook=WebhookSettings(**options)))


@pytest.fixture
def receiver(request: pytest.FixtureRequest) -> Iterator[Receiver]:
    receiver = Receiver(*request.param)
    yield receiver
    receiver.close()


@pytest.mark.parametrize("receiver", [(200,)], indirect=True)
def test_a_trigger_is_posted_with_its_key(receiver: Receiver) -> None:
    webhook(receiver.url).write([received(trigger())])
    ((body, key),) = receiver.heard
    assert key == "piano/song/16"
    assert {name: body[name] for name in ("trigger", "error_type", "beat", "section", "tempo")} == {
        "trigger": "phrase",
        "error_type": "business",
        "beat": 16,
        "section": "chorus",
        "tempo": 120.0,
    }


@pytest.mark.parametrize("receiver", [(503, 500, 200)], indirect=True)
def test_what_is_not_taken_is_tried_again_with_the_same_key(receiver: Receiver) -> None:
    webhook(receiver.url).write([received(trigger())])
    assert [key for _, key in receiver.heard] == ["piano/song/16"] * 3


@pytest.mark.parametrize("receiver", [(503,)], indirect=True)
def test_what_is_never_taken_is_refused_in_the_end_and_the_circuit_opens(receiver: Receiver) -> None:
    destination = webhook(receiver.url, retries=2, breaker_failures=3, breaker_reset_s=60.0)
    with pytest.raises(RefusedError, match=r"3 tries.*answers 503"):
        destination.write([received(trigger(16))])
    with pytest.raises(RefusedError, match=r"circuit|breaker"):
        destination.write([received(trigger(32))])
    assert len(receiver.heard) == 3


@pytest.mark.parametrize("receiver", [(422,)], indirect=True)
def test_what_is_refused_is_not_tried_again(receiver: Receiver) -> None:
    with pytest.raises(RefusedError, match="422"):
        webhook(receiver.url).write([received(trigger())])
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("receiver", [(302,)], indirect=True)
def test_redirects_are_not_followed(receiver: Receiver) -> None:
    with pytest.raises(RefusedError, match="302"):
        webhook(receiver.url).write([received(trigger())])
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("receiver", [(200,)], indirect=True)
def test_what_is_far_too_late_is_not_posted(receiver: Receiver) -> None:
    with pytest.raises(RefusedError, match="too late"):
        webhook(receiver.url).write([received(trigger(due_at=now_us() - 60_000_000))])
    assert receiver.heard == []


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://127.0.0.1.example.com", "file:///etc/passwd", "localhost"]
)
def test_only_allowed_hosts_are_posted_to(url: str) -> None:
    with pytest.raises(WebhookError):
        webhook(url)


@pytest.fixture(scope="module")
def generator() -> Iterator[tuple[str, list[ErrorEvent]]]:
    """The error generator on a real port, and what it publishes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    published: list[ErrorEvent] = []
    settings = Settings(embedded=EmbeddedSettings(error_generator_port=port))
    app, stop = make_app(settings, Styles.load(), published.extend), threading.Event()
    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", port, stop))
    thread.start()
    url = f"http://127.0.0.1:{port}"
    httpx.Client(transport=httpx.HTTPTransport(retries=10)).get(f"{url}/health").raise_for_status()
    yield url, published
    stop.set()
    thread.join()


def test_the_generator_makes_the_errors_of_a_trigger_once(generator: tuple[str, list[ErrorEvent]]) -> None:
    url, published = generator
    published.clear()
    destination = webhook(url)
    destination.write([received(trigger(16, error_type="chaotic"))])
    destination.write([received(trigger(16, error_type="chaotic"))])
    assert 3 <= len(published) <= 6
    assert [error.part for error in published] == [*range(1, len(published) + 1)]
    assert {error.trigger_key for error in published} == {"piano/song/16"}
    assert len({error.event_id for error in published}) == len(published)


def test_the_generator_refuses_what_it_does_not_know(generator: tuple[str, list[ErrorEvent]]) -> None:
    url, _ = generator
    good = {"trigger": True, "error_type": "basic", "beat": 4, "section": "verse", "tempo": 120}
    assert httpx.post(f"{url}/api/rhythm-trigger", json=good).json()["errors"] == 1
    for change in ({"error_type": "lyrical"}, {"beat": -1}, {"tempo": 0}, {"section": None}):
        assert httpx.post(f"{url}/api/rhythm-trigger", json=good | change).status_code == 422
    assert httpx.post(f"{url}/api/rhythm-trigger", content=b"x" * 100_000).status_code == 413
    stream = (b"x" * 10_000 for _ in range(10))
    assert httpx.post(f"{url}/api/rhythm-trigger", content=stream).status_code == 413


def test_cues_go_out_in_time_or_not_at_all() -> None:
    heard: list[mido.Message] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as light:
        light.bind(("127.0.0.1", 0))
        light.settimeout(5.0)
        ways = [OscCue("127.0.0.1", light.getsockname()[1], "/cue"), MidiCue(heard.append, CueSettings())]
        cues = Cues(ways, late_ms=100.0)
        assert not cues.take(trigger(16, due_at=now_us() - 200_000))
        assert cues.take(trigger(32))
        message = OscMessage(light.recv(1024))
    assert message.address == "/cue"
    assert message.params[:3] == ["phrase", "business", 32]
    ways[1].tick(now_us() / 1e6 + 1.0)
    assert [(note.type, note.note) for note in heard] == [("note_on", 42), ("note_off", 42)]
    assert (cues.sent, cues.late) == (1, 1)
