"""Events survive the trip through bytes; bytes that are no event are refused with a reason."""

from __future__ import annotations

import dataclasses
import json
import struct
import types
import typing
from contextlib import suppress
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codec import UndecodableError, decode, encode, parsed_schema, schema_text, to_json
from schemas.event_classes import EVENT_CLASSES
from schemas.events import Clip, Event, NoteEvent, Origin

LAST_MICROSECOND = 253_402_300_799_999_999  # of the year 9999
SCHEMA_ID = 7


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return st.one_of([st.none() if arg is types.NoneType else values_of(arg) for arg in typing.get_args(hint)])
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return st.lists(values_of(typing.get_args(hint)[0]), max_size=3).map(tuple)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        if "created_at" in hints:
            return st.builds(hint, **fields_of(hints) | {"created_at": st.integers(0, LAST_MICROSECOND)})
        return st.builds(hint, **fields_of(hints))
    scalars = {
        str: st.text(),
        int: st.integers(-(2**31), 2**31 - 1),
        float: st.floats(allow_nan=False),
        bytes: st.binary(),
        bool: st.booleans(),
    }
    return scalars[hint]


def fields_of(hints: dict[str, Any]) -> dict[str, st.SearchStrategy[Any]]:
    return {name: values_of(hint) for name, hint in hints.items()}


topics_and_events = st.sampled_from(sorted(EVENT_CLASSES)).flatmap(
    lambda topic: st.tuples(st.just(topic), values_of(EVENT_CLASSES[topic]))
)


def read(topic: str, value: bytes) -> Event:
    return decode(topic, value, lambda schema_id: parsed_schema(topic))


@given(topics_and_events)
def test_an_event_comes_back_as_it_was(topic_and_event: tuple[str, Event]) -> None:
    topic, event = topic_and_event
    assert read(topic, encode(topic, event, SCHEMA_ID)) == event


@given(topics_and_events, st.data())
def test_a_truncated_event_is_refused(topic_and_event: tuple[str, Event], data: st.DataObject) -> None:
    topic, event = topic_and_event
    value = encode(topic, event, SCHEMA_ID)
    with pytest.raises(UndecodableError):
        read(topic, value[: data.draw(st.integers(0, len(value) - 1))])


@given(topics_and_events, st.data())
def test_damage_is_refused_or_still_an_event_but_never_another_error(
    topic_and_event: tuple[str, Event], data: st.DataObject
) -> None:
    topic, event = topic_and_event
    value = bytearray(encode(topic, event, SCHEMA_ID))
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(UndecodableError):
        assert isinstance(read(topic, bytes(value)), EVENT_CLASSES[topic])


@given(st.sampled_from(sorted(EVENT_CLASSES)), st.binary())
def test_noise_is_refused_or_an_event_but_never_another_error(topic: str, noise: bytes) -> None:
    with suppress(UndecodableError):
        assert isinstance(read(topic, struct.pack(">bI", 0, SCHEMA_ID) + noise), EVENT_CLASSES[topic])


def test_trailing_bytes_are_refused() -> None:
    value = encode("clips", Clip(source_id="a", clip_id="c", kind="midi", name="n"), SCHEMA_ID)
    with pytest.raises(UndecodableError, match="1 bytes more"):
        read("clips", value + b"\0")


@pytest.mark.parametrize("value", [b"", b"\0\0\0", b"{}", b"MThd\0\0\0\6"])
def test_bytes_without_the_header_are_refused(value: bytes) -> None:
    with pytest.raises(UndecodableError, match="Confluent header"):
        read("clips", value)


def test_an_event_of_another_topic_is_refused_in_a_short_sentence() -> None:
    value = encode("clips", Clip(source_id="a", clip_id="c", kind="midi", name="n"), SCHEMA_ID)
    with pytest.raises(UndecodableError, match=r"^The record was written as continuo\.Clip, which .{,60}$"):
        decode("matches", value, lambda schema_id: parsed_schema("clips"))


def test_the_bytes_follow_the_wire_format() -> None:
    note = NoteEvent(
        event_id="e",
        source_id="s",
        created_at=1,
        trace_context=None,
        session_id="S",
        sequence=64,
        time_s=0.5,
        type="note_off",
        pitch=60,
        velocity=0,
        channel=15,
    )
    header = bytes.fromhex("00 0001e240")  # magic byte, schema id 123456
    body = bytes.fromhex(
        "02 65"  # "e": length 1 in zigzag, then the byte
        "02 73"  # "s"
        "02"  # created_at 1
        "00"  # trace_context: the union's first branch, null
        "02 53"  # "S"
        "8001"  # sequence 64: zigzag 128 as a varint
        "000000000000e03f"  # 0.5 as a little-endian double
        "02"  # the enum's second symbol
        "78 00 1e"  # pitch 60, velocity 0, channel 15
        "00"  # the first medium: keys
    )
    assert encode("notes", note, 123_456) == header + body


def test_the_writers_schema_decides_how_bytes_are_read() -> None:
    newer = json.loads(schema_text("clips"))
    newer["fields"].insert(0, {"name": "room", "type": "string", "default": ""})
    newer = fastavro.parse_schema(newer)
    event = Clip(source_id="a", clip_id="c", kind="midi", name="n")
    seen: list[int] = []

    def writer_schema(schema_id: int) -> Any:
        seen.append(schema_id)
        return newer

    value = encode("clips", event, 9)
    with_room = value[:5] + b"\x08hall" + value[5:]
    assert decode("clips", with_room, writer_schema) == event
    assert seen == [9]


def test_json_shows_bytes_by_their_length() -> None:
    clip = Clip(source_id="a", clip_id="c", kind="midi", name="n", data=b"12345")
    assert json.loads(to_json(clip))["data"] == "<5 bytes>"


def test_what_is_made_again_of_the_same_record_has_the_same_id() -> None:
    origin = Origin("clips", 3, 14)
    assert origin.derived_id("identify") == Origin("clips", 3, 14).derived_id("identify")
    assert origin.derived_id("identify") != origin.derived_id("sections")
    assert origin.derived_id("identify") != Origin("clips", 3, 15).derived_id("identify")
