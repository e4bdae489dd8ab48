"""Schemas in the real registry: registered, held compatible, looked up by id, missed only if need be."""

from __future__ import annotations

import json
import struct
import threading
import uuid
from typing import Any

import fastavro
import httpx2
import pytest

from connectors.registry import EventCodec, RegistryUnavailableError, SchemaRefusedError, subject_of
from connectors.settings import RegistrySettings, Settings
from ops.stack import Stack
from schemas import codec as schemas_codec
from schemas.codec import UndecodableError, schema_text
from schemas.events import Clip, NoteEvent
from schemas.topics import TOPICS

CLIP = Clip(source_id="keyboard", clip_id="c", kind="midi", name="song.mid", data=b"MThd")


@pytest.fixture
def registry(stack: Stack, settings: Settings) -> httpx2.Client:
    return httpx2.Client(base_url=settings.registry_url)


@pytest.fixture
def codec(stack: Stack, settings: Settings) -> EventCodec:
    return EventCodec(settings)


def register(registry: httpx2.Client, subject: str, schema: dict[str, Any]) -> httpx2.Response:
    return registry.post(f"/subjects/{subject}/versions", json={"schema": json.dumps(schema)})


def with_field(topic: str, **field: Any) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(schema_text(topic))
    schema["fields"].append(field)
    return schema


def with_id(schema_id: int, value: bytes) -> bytes:
    return struct.pack(">bI", 0, schema_id) + value[5:]


def test_every_schema_is_registered_and_held_compatible(registry: httpx2.Client, codec: EventCodec) -> None:
    codec.register_all()
    codec.register_all()
    subjects = registry.get("/subjects").json()
    for topic in TOPICS:
        assert subject_of(topic.name) in subjects
        assert registry.get(f"/config/{subject_of(topic.name)}").json()["compatibilityLevel"] == "BACKWARD"


def test_registering_again_adds_no_version(registry: httpx2.Client, codec: EventCodec, settings: Settings) -> None:
    before = registry.get("/subjects/notes-value/versions").json()
    assert EventCodec(settings).register("notes") == codec.register("notes")
    assert registry.get("/subjects/notes-value/versions").json() == before


@pytest.mark.parametrize("topic", [topic.name for topic in TOPICS])
def test_a_compatible_newer_schema_is_accepted_and_an_incompatible_one_refused(
    registry: httpx2.Client, topic: str
) -> None:
    # under a subject of its own, so that the topic's newest schema stays ours
    subject = f"{topic}-{uuid.uuid4()}-value"
    registry.put(f"/config/{subject}", json={"compatibility": "BACKWARD"})
    assert register(registry, subject, json.loads(schema_text(topic))).status_code == 200
    assert register(registry, subject, with_field(topic, name="room", type="string")).status_code == 409
    assert register(registry, subject, with_field(topic, name="room", type="string", default="")).status_code == 200
    retyped = json.loads(schema_text(topic))
    retyped["fields"][0]["type"] = "long"
    assert register(registry, subject, retyped).status_code == 409


def test_events_of_a_newer_schema_can_be_read(registry: httpx2.Client, codec: EventCodec) -> None:
    newer = with_field("clips", name="room", type="string", default="")
    newer_id = register(registry, f"newer-{uuid.uuid4()}-value", newer).json()["id"]
    value = with_id(newer_id, codec.encode("clips", CLIP)) + b"\x08hall"
    assert codec.decode("clips", value) == CLIP


def test_events_of_an_older_schema_can_be_read(registry: httpx2.Client, codec: EventCodec) -> None:
    older = json.loads(schema_text("clips"))
    older["fields"] = [field for field in older["fields"] if field["name"] != "wants"]
    older_id = register(registry, f"older-{uuid.uuid4()}-value", older).json()["id"]
    value = schemas_codec.encode("clips", CLIP, older_id)
    wants_bytes = b"\x02\x10identify\x00"
    assert value.endswith(wants_bytes)
    assert codec.decode("clips", value.removesuffix(wants_bytes)) == CLIP


def test_a_schema_that_the_registry_refuses_is_said_so(
    registry: httpx2.Client, stack: Stack, settings: Settings
) -> None:
    # as if the topic had been used before by a version whose events ours could not read
    registry.put("/config/notes-value", json={"compatibility": "NONE"})
    other = json.loads(schema_text("notes"))
    next(field for field in other["fields"] if field["name"] == "sequence")["type"] = "string"
    version = register(registry, "notes-value", other)
    assert version.status_code == 200
    ours = registry.post("/subjects/notes-value", json={"schema": schema_text("notes")}).json()["version"]
    registry.delete(f"/subjects/notes-value/versions/{ours}")
    try:
        with pytest.raises(SchemaRefusedError, match="refuses this version's schema of 'notes'"):
            EventCodec(settings).register("notes")
    finally:
        registry.delete("/subjects/notes-value")
        EventCodec(settings).register("notes")


def test_an_unknown_schema_id_is_undecodable(codec: EventCodec) -> None:
    with pytest.raises(UndecodableError, match="knows no schema with the id 99999999"):
        codec.decode("clips", with_id(99_999_999, codec.encode("clips", CLIP)))


def test_a_schema_of_another_kind_is_undecodable(registry: httpx2.Client, codec: EventCodec) -> None:
    body = {
        "schemaType": "JSON",
        "schema": json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}),
    }
    json_id = registry.post(f"/subjects/json-{uuid.uuid4()}-value/versions", json=body).json()["id"]
    with pytest.raises(UndecodableError):
        codec.decode("clips", with_id(json_id, codec.encode("clips", CLIP)))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/apis/ccompat/v7", "{registry}/nowhere"])
def test_a_registry_that_is_away_is_no_unknown_id(codec: EventCodec, settings: Settings, url: str) -> None:
    url = url.format(registry=settings.registry_url)
    away = EventCodec(settings.model_copy(update={"registry": RegistrySettings(url=url, retries=0)}))
    with pytest.raises(RegistryUnavailableError, match=r"registry\.url"):
        away.decode("clips", codec.encode("clips", CLIP))
    with pytest.raises(RegistryUnavailableError, match=r"registry\.url"):
        away.encode("clips", CLIP)


def test_the_login_of_the_registry_is_not_shown(settings: Settings) -> None:
    registry = RegistrySettings(url="http://user:s3cret@127.0.0.1:9", retries=0)
    with pytest.raises(RegistryUnavailableError) as error:
        EventCodec(settings.model_copy(update={"registry": registry})).register("clips")
    assert "s3cret" not in str(error.value)


def test_what_was_seen_once_is_read_while_the_registry_is_away(stack: Stack, codec: EventCodec) -> None:
    value = codec.encode("clips", CLIP)
    codec.decode("clips", value)
    stack.part("registry").stop()
    try:
        assert codec.decode("clips", value) == CLIP
        assert codec.encode("clips", CLIP)[:5] == value[:5]
        with pytest.raises(RegistryUnavailableError):
            codec.encode("notes", NoteEvent(source_id="k", session_id="s", sequence=0, time_s=0.0, type="note_on"))
    finally:
        stack.part("registry").start()
        stack.part("registry").wait_healthy()


def test_many_threads_share_one_codec(codec: EventCodec, settings: Settings) -> None:
    value = codec.encode("clips", CLIP)
    shared = EventCodec(settings)
    answers: list[object] = []

    def work() -> None:
        answers.extend(
            shared.decode("clips", value) == CLIP and shared.encode("clips", CLIP) == value for _ in range(50)
        )

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [True] * 400


def test_any_avro_client_can_read_our_events(registry: httpx2.Client, codec: EventCodec) -> None:
    import io

    value = codec.encode("clips", CLIP)
    schema_id = int.from_bytes(value[1:5], "big")
    schema = fastavro.parse_schema(json.loads(registry.get(f"/schemas/ids/{schema_id}").json()["schema"]))
    plain: Any = fastavro.schemaless_reader(io.BytesIO(value[5:]), schema, None)
    assert (plain["clip_id"], plain["data"]) == ("c", b"MThd")
