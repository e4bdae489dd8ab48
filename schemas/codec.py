"""Events to bytes and back, in the Confluent wire format.

A record's value is one zero byte, the schema's id in the registry (4 bytes, big endian), and the
event in Avro's binary encoding. The codec is pure: who asks the registry is the caller's business.
"""

from __future__ import annotations

import dataclasses
import io
import json
import operator
import struct
import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

import fastavro

from .event_classes import EVENT_CLASSES
from .events import Event

MAGIC = 0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HEADER = struct.Struct(">bI")


class UndecodableError(ValueError):
    """The bytes are no event of the expected kind; the message says why."""


@cache
def schema_text(topic: str) -> str:
    """The schema of a topic as the JSON text that is registered."""
    return resources.files(__package__).joinpath("avro", f"{topic}.avsc").read_text("utf-8")


@cache
def parsed_schema(topic: str) -> Any:
    """The schema of a topic, parsed once."""
    return fastavro.parse_schema(json.loads(schema_text(topic)))


def schema_fields(topic: str) -> list[dict[str, Any]]:
    """The fields of a topic's schema, as its JSON has them."""
    fields: list[dict[str, Any]] = json.loads(schema_text(topic))["fields"]
    return fields


def encode(topic: str, event: Event, schema_id: int) -> bytes:
    """Encode ``event`` for ``topic`` under the id that the registry gave the topic's schema."""
    out = io.BytesIO()
    out.write(HEADER.pack(MAGIC, schema_id))
    fastavro.schemaless_writer(out, parsed_schema(topic), _to_plain(event))
    return out.getvalue()


def schema_id_of(value: bytes) -> int:
    """The registry id in a record's header.

    Raises:
        UndecodableError: the bytes do not start with a Confluent header.
    """
    if len(value) < HEADER.size or value[0] != MAGIC:
        raise UndecodableError("The record does not start with the Confluent header: a zero byte and a schema id.")
    return int(HEADER.unpack_from(value)[1])


def decode(topic: str, value: bytes, writer_schema: Callable[[int], Any]) -> Event:
    """Decode a record of ``topic``.

    Args:
        topic: decides the reader's schema and the event class.
        value: the record's bytes.
        writer_schema: gives the parsed schema of a registry id; what it raises passes through.

    Raises:
        UndecodableError: the header is missing, the writer's schema cannot be read as the topic's
            schema, or the bytes do not follow the writer's schema.
    """
    writer, reader = writer_schema(schema_id_of(value)), parsed_schema(topic)
    body = io.BytesIO(value)
    body.seek(HEADER.size)
    try:
        plain: Any = fastavro.schemaless_reader(body, writer, reader)
        if body.tell() != len(value):
            raise UndecodableError(f"The record has {len(value) - body.tell()} bytes more than its schema describes.")
        event: Event = from_plain(EVENT_CLASSES[topic], plain)
        return event
    except UndecodableError:
        raise
    except fastavro.read.SchemaResolutionError as error:  # its own message prints both schemas whole
        raise UndecodableError(
            f"The record was written as {_name_of(writer)}, which cannot be read as an event of {topic!r}."
        ) from error
    except Exception as error:  # fastavro raises whatever the damaged bytes led it into
        raise UndecodableError(
            f"The record cannot be read as an event of {topic!r}: {type(error).__name__}: {error}"
        ) from error


def _name_of(schema: Any) -> str:
    return str(schema.get("name", "another kind of schema")) if isinstance(schema, dict) else "another kind of schema"


Convert = Callable[[Any], Any]


def _to_plain(event: Any) -> dict[str, Any]:
    """The fields of a dataclass as fastavro writes them."""
    fields = _fields(event.__class__)
    plain = dict(zip(fields.names, fields.values_of(event), strict=True))
    for name, flatten in fields.flatten:
        plain[name] = flatten(plain[name])
    return plain


def from_plain(cls: Any, plain: dict[str, Any]) -> Any:
    """Build the dataclass ``cls`` from a decoded Avro record."""
    fields = _fields(cls)
    values = {name: plain[name] for name in fields.names}
    for name, build in fields.build:
        values[name] = build(values[name])
    return cls(**values)


class _Fields(typing.NamedTuple):
    """What is known of a dataclass: worked out once, for answers are written a thousand times a second.

    Attributes:
        values_of: gives the values of all fields of an event.
        build, flatten: of the fields that need it, what makes the value of Avro's, and Avro's of the value.
    """

    names: tuple[str, ...]
    values_of: Convert
    build: tuple[tuple[str, Convert], ...]
    flatten: tuple[tuple[str, Convert], ...]


@cache
def _fields(cls: Any) -> _Fields:
    hints = typing.get_type_hints(cls)
    names = tuple(field.name for field in dataclasses.fields(cls))
    get = operator.attrgetter(*names)
    build = ((name, _builder(hints[name])) for name in names)
    flatten = ((name, _flattener(hints[name])) for name in names)
    return _Fields(
        names,
        get if len(names) > 1 else lambda event: (get(event),),
        tuple((name, convert) for name, convert in build if convert),
        tuple((name, convert) for name, convert in flatten if convert),
    )


def _builder(hint: Any) -> Convert | None:
    """What makes a value of type ``hint`` of Avro's; None where they are the same."""
    if (inner := _optional(hint)) is not None:
        return _unless_none(_builder(inner))
    if typing.get_origin(hint) is tuple:
        build = _builder(typing.get_args(hint)[0])
        return tuple if build is None else lambda values: tuple([build(value) for value in values])
    if dataclasses.is_dataclass(hint):
        return lambda plain: from_plain(hint, plain)
    if hint is int:
        return lambda value: _microseconds(value) if isinstance(value, datetime) else value
    return None


def _flattener(hint: Any) -> Convert | None:
    """What makes Avro's value of one of type ``hint``; None where they are the same."""
    if (inner := _optional(hint)) is not None:
        return _unless_none(_flattener(inner))
    if typing.get_origin(hint) is tuple:
        flatten = _flattener(typing.get_args(hint)[0])
        return list if flatten is None else lambda values: [flatten(value) for value in values]
    return _to_plain if dataclasses.is_dataclass(hint) else None


def _optional(hint: Any) -> Any:
    """The type of which there may be a value or none; None for other types."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return None
    (inner,) = (arg for arg in typing.get_args(hint) if arg is not type(None))
    return inner


def _unless_none(convert: Convert | None) -> Convert | None:
    return convert and (lambda value: None if value is None else convert(value))


def _microseconds(moment: datetime) -> int:
    # fastavro turns timestamp-micros into a datetime; events keep the integer
    return (moment - EPOCH) // MICROSECOND


def to_json(event: Event) -> str:
    """The event as one line of JSON, for people and shell tools; bytes become their length."""
    return json.dumps(_to_plain(event), default=lambda value: f"<{len(value)} bytes>")
