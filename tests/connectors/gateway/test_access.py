"""Who may use the gateway, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from typer.testing import CliRunner

from connectors.gateway import make_gateway
from connectors.gateway.access import SOCKET_PROTOCOL, TOKEN_PROTOCOL, hash_of
from connectors.settings import EmbeddedSettings, GatewaySettings, GatewayToken, IdentifySettings, Settings
from ops.cli import app as continuo
from processors.identify import Catalogue
from processors.triggers import Rules
from schemas.events import Event

READER, PLAYER = "secret-of-the-reader", "secret-of-the-player"
SOCKET = "ws://127.0.0.1/api/sources/piano/notes"
NOTE = {"time_s": 0.0, "type": "note_on", "pitch": 60, "velocity": 80}
BATCH = {"session_id": "tonight", "first_sequence": 0, "notes": [NOTE]}


def gateway(
    tmp_path: Path, client: str = "127.0.0.1", url: str = "http://127.0.0.1", **limits: object
) -> tuple[TestClient, list[Event]]:
    Catalogue.update(tmp_path / "catalogue")
    published: list[Event] = []

    def publish(_: str, events: Sequence[Event]) -> None:
        published.extend(events)

    settings = Settings(
        embedded=EmbeddedSettings(data_dir=tmp_path),
        identify=IdentifySettings(catalogue=tmp_path / "catalogue"),
        gateway=GatewaySettings.model_validate(limits),
    )
    return TestClient(make_gateway(settings, publish, Rules.load()), url, client=(client, 50_000)), published


def tokens(requests_per_s: int = 1000) -> dict[str, object]:
    return {
        "tokens": (
            GatewayToken(name="reader", sha256=hash_of(READER), requests_per_s=requests_per_s),
            GatewayToken(name="player", sha256=hash_of(PLAYER), scopes=("publish",)),
        )
    }


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_without_tokens_only_this_machine_is_answered(tmp_path: Path) -> None:
    here, _ = gateway(tmp_path)
    assert here.get("/api/works").json() == {"total": 0, "works": []}
    elsewhere, _ = gateway(tmp_path, client="192.0.2.7")
    assert elsewhere.get("/api/works").status_code == 403
    assert "gateway.tokens" in elsewhere.get("/api/works").json()["detail"]


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}, {"X-Forwarded-For": "192.0.2.7"}],
    ids=["a page of another site", "another name for this machine", "a proxy"],
)
def test_without_tokens_nothing_from_elsewhere_gets_in_by_a_detour(tmp_path: Path, headers: dict[str, str]) -> None:
    here, published = gateway(tmp_path)
    assert here.post("/api/sources/piano/notes", json=BATCH, headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect), here.websocket_connect(SOCKET, headers=headers):
        pass
    assert not published


def test_a_token_may_do_what_its_scopes_say(tmp_path: Path) -> None:
    there, published = gateway(tmp_path, client="192.0.2.7", **tokens())
    assert there.get("/api/works").status_code == 401
    assert there.get("/api/works", headers=bearer("guessed")).status_code == 401
    assert there.get("/api/works", headers=bearer(READER)).status_code == 200
    refused = there.post("/api/sources/piano/notes", json=BATCH, headers=bearer(READER))
    assert (refused.status_code, refused.json()["detail"]) == (403, "The token 'reader' has not the scope 'publish'.")
    assert not published
    assert there.post("/api/sources/piano/notes", json=BATCH, headers=bearer(PLAYER)).json()["next_sequence"] == 1
    assert len(published) == 1
    assert there.get("/health").status_code == 200


def test_a_page_gives_its_token_to_a_socket_as_a_protocol(tmp_path: Path) -> None:
    there, published = gateway(tmp_path, client="192.0.2.7", **tokens())
    offered = [SOCKET_PROTOCOL, TOKEN_PROTOCOL + PLAYER]
    with there.websocket_connect(SOCKET, subprotocols=offered) as socket:
        assert socket.accepted_subprotocol == SOCKET_PROTOCOL
        socket.send_json([NOTE])
        assert socket.receive_json()["next_sequence"] == 1
    assert [(event.source_id, event.sequence) for event in published] == [("piano", 0)]  # type: ignore[attr-defined]


def test_who_asks_too_often_is_told_to_wait(tmp_path: Path) -> None:
    there, _ = gateway(tmp_path, client="192.0.2.7", **tokens(requests_per_s=2))
    answers = [there.get("/api/works", headers=bearer(READER)) for _ in range(8)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert late[0].headers["Retry-After"] == "1"


def test_a_gateway_that_others_reach_needs_tokens() -> None:
    with pytest.raises(ValueError, match=r"gateway\.tokens must name"):
        GatewaySettings(host="0.0.0.0")


def test_a_new_token_works(tmp_path: Path) -> None:
    made = CliRunner().invoke(continuo, ["token", "archive", "--scope", "read", "--scope", "publish"])
    secret = made.stderr.split()[-1]
    assert secret not in made.stdout
    there, _ = gateway(tmp_path, client="192.0.2.7", **yaml.safe_load(made.stdout)["gateway"])
    assert there.get("/api/works", headers=bearer(secret)).status_code == 200


@pytest.mark.parametrize(
    "message", ["do re mi", '[{"time_s": 0, "type": "note_on", "pitch": 300}]', "[" + ",".join(["{}"] * 3) + "]"]
)
def test_a_socket_that_sends_no_notes_is_closed_in_words(tmp_path: Path, message: str) -> None:
    here, published = gateway(tmp_path)
    with here.websocket_connect(SOCKET) as socket:
        socket.send_text(message)
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert (closed.value.code, "These are no notes" in closed.value.reason) == (1007, True)
    assert not published


def test_more_notes_than_may_be_at_once_are_refused(tmp_path: Path) -> None:
    here, published = gateway(tmp_path, notes_per_message=2)
    said = here.post("/api/sources/piano/notes", json=BATCH | {"notes": [NOTE] * 3})
    assert (said.status_code, said.json()["detail"]) == (422, "At most 2 notes are taken at once.")
    assert not published
