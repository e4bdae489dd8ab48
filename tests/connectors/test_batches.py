"""Records read in bulk say what they say when they are decoded one by one; what is damaged is never read."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import Any

import fastavro
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.batches import BatchReader, container
from connectors.batches.program import UnsupportedSchemaError, compile_schema
from connectors.sinks.redis_sink import BULK_FIELDS
from schemas.codec import HEADER, UndecodableError, decode, parsed_schema, schema_text
from schemas.event_classes import EVENT_CLASSES

SCHEMA_ID = 7
LAST_MICROSECOND = 253_402_300_799_999_999  # of the year 9999
TOPICS = sorted(BULK_FIELDS)
TEXT = st.text() | st.text('"\\\n\t\x00\x1f\x7fäあ🎹', max_size=9)


def values_of(schema: Any) -> st.SearchStrategy[Any]:
    """Values of an Avro schema."""
    if isinstance(schema, list):
        return st.one_of([values_of(branch) for branch in schema])
    if isinstance(schema, dict):
        if schema["type"] == "record":
            return st.fixed_dictionaries({field["name"]: values_of(field["type"]) for field in schema["fields"]})
        if schema["type"] == "array":
            return st.lists(values_of(schema["items"]), max_size=3)
        if schema["type"] == "enum":
            return st.sampled_from(schema["symbols"])
        if schema.get("logicalType") == "timestamp-micros":
            return st.integers(0, LAST_MICROSECOND)
        return values_of(schema["type"])
    return {
        "null": st.none(),
        "string": TEXT,
        "boolean": st.booleans(),
        "int": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "double": st.floats(),
    }[schema]


def written(topic: str, plain: dict[str, Any]) -> bytes:
    out = io.BytesIO(HEADER.pack(0, SCHEMA_ID))
    out.seek(HEADER.size)
    fastavro.schemaless_writer(out, parsed_schema(topic), plain)
    return out.getvalue()


def slowly(topic: str, value: bytes) -> Any:
    return decode(topic, value, lambda _: parsed_schema(topic))


readers = {topic: BatchReader(topic, BULK_FIELDS[topic]) for topic in TOPICS}
records_of_topics = st.sampled_from(TOPICS).flatmap(
    lambda topic: st.tuples(st.just(topic), st.lists(values_of(json.loads(schema_text(topic))), min_size=1, max_size=4))
)


@settings(deadline=None)
@given(records_of_topics)
def test_json_is_that_of_the_decoded_events(given_records: tuple[str, list[dict[str, Any]]]) -> None:
    topic, plains = given_records
    values = [written(topic, plain) for plain in plains]
    records = readers[topic].read(values, SCHEMA_ID)
    assert records is not None
    texts = records.json()
    assert [json.loads(text) for text in texts] == [json.loads(orjson.dumps(slowly(topic, v))) for v in values]
    assert [text.decode() for text in records.texts("source_id") if text is not None] == [
        p["source_id"] for p in plains
    ]
    if topic == "matches":
        assert records.integers("origin.offset") == [plain["origin"]["offset"] for plain in plains]
        assert [None if t is None else t.decode() for t in records.texts("clip_id")] == [
            plain["clip_id"] for plain in plains
        ]


@settings(deadline=None)
@given(records_of_topics, st.data())
def test_damage_is_noticed_where_it_makes_a_record_unreadable(
    given_records: tuple[str, list[dict[str, Any]]], data: st.DataObject
) -> None:
    topic, plains = given_records
    values = [written(topic, plain) for plain in plains]
    which = data.draw(st.integers(0, len(values) - 1))
    whole = values[which]
    cut = data.draw(st.integers(0, len(whole)))
    put = data.draw(st.binary(max_size=4))
    values[which] = whole[:cut] + put + whole[cut + data.draw(st.integers(0, 4)) :]
    records = readers[topic].read(values, SCHEMA_ID)
    if records is not None:
        assert json.loads(records.json()[which])["source_id"] is not None
        with suppress(UndecodableError):  # of a moment that the calendar of Python does not have
            assert isinstance(slowly(topic, values[which]), EVENT_CLASSES[topic])


@settings(deadline=None)
@given(records_of_topics)
def test_a_container_is_read_by_others(given_records: tuple[str, list[dict[str, Any]]]) -> None:
    topic, plains = given_records
    records = readers[topic].read([written(topic, plain) for plain in plains], SCHEMA_ID)
    assert records is not None
    found = list(fastavro.reader(io.BytesIO(container(records.schema, records.bodies(), len(records)))))
    assert [record["event_id"] for record in found] == [plain["event_id"] for plain in plains]
    assert [record["created_at"] for record in found] == [plain["created_at"] for plain in plains]


@pytest.mark.parametrize("value", [b"", b"\x00", b"no event at all", b"\x00\x00\x00\x00\x07", None])
def test_what_is_no_record_is_left_alone(value: bytes | None) -> None:
    assert readers["beats"].read([value], SCHEMA_ID) is None


def test_records_of_another_schema_are_left_alone() -> None:
    value = written(
        "beats", {field["name"]: _some(field["type"]) for field in json.loads(schema_text("beats"))["fields"]}
    )
    assert readers["beats"].read([value], SCHEMA_ID) is not None
    assert readers["beats"].read([value], SCHEMA_ID + 1) is None


def test_a_field_that_is_not_there_is_told_at_once() -> None:
    with pytest.raises(UnsupportedSchemaError, match="nowhere"):
        compile_schema({"type": "record", "name": "A", "fields": [{"name": "b", "type": "int"}]}, ["nowhere"])
    with pytest.raises(UnsupportedSchemaError, match="map"):
        compile_schema({"type": "map", "values": "int"}, [])


def _some(schema: Any) -> Any:
    if isinstance(schema, list):
        return None
    if isinstance(schema, dict):
        if schema["type"] == "record":
            return {field["name"]: _some(field["type"]) for field in schema["fields"]}
        return schema["symbols"][0] if schema["type"] == "enum" else _some(schema["type"])
    return {"string": "s", "boolean": True, "int": 1, "long": 1, "double": 0.5}[schema]
