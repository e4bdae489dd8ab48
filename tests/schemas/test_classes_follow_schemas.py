"""The event classes and the .avsc files say the same, field by field."""

from __future__ import annotations

import dataclasses
import types
import typing
from importlib import resources
from typing import Any

import pytest

from schemas.codec import parsed_schema
from schemas.event_classes import EVENT_CLASSES
from schemas.topics import BY_NAME

SCALARS = {str: {"string"}, bool: {"boolean"}, int: {"int", "long"}, float: {"double"}, bytes: {"bytes"}}


def test_every_topic_has_a_schema_and_a_class() -> None:
    files = {file.name.removesuffix(".avsc") for file in resources.files("schemas").joinpath("avro").iterdir()}
    assert files == set(BY_NAME) == set(EVENT_CLASSES)


@pytest.mark.parametrize("topic", sorted(EVENT_CLASSES))
def test_class_and_schema_agree(topic: str) -> None:
    schema = parsed_schema(topic)
    assert schema["name"] == f"continuo.{EVENT_CLASSES[topic].__name__}"
    assert_record(EVENT_CLASSES[topic], schema)


@pytest.mark.parametrize("topic", sorted(EVENT_CLASSES))
def test_every_field_that_may_be_missing_has_a_default(topic: str) -> None:
    # without one, a reader of this version could not read events that were written before the field existed
    for field in parsed_schema(topic)["fields"]:
        if isinstance(field["type"], list):
            assert field["type"][0] == "null"
            assert field["default"] is None


def assert_record(cls: Any, schema: dict[str, Any]) -> None:
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    assert set(fields) == {field["name"] for field in schema["fields"]}
    for described in schema["fields"]:
        name = described["name"]
        assert_type(hints[name], described["type"], f"{cls.__name__}.{name}")
        if "default" in described:
            default = fields[name].default
            assert (list(default) if isinstance(default, tuple) else default) == described["default"], name


def assert_type(hint: Any, described: Any, where: str) -> None:
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (inner,) = (arg for arg in typing.get_args(hint) if arg is not types.NoneType)
        assert described[0] == "null", where
        assert len(described) == 2, where
        assert_type(inner, described[1], where)
    elif typing.get_origin(hint) is typing.Literal:
        assert tuple(described["symbols"]) == typing.get_args(hint), where
    elif typing.get_origin(hint) is tuple:
        assert described["type"] == "array", where
        assert_type(typing.get_args(hint)[0], described["items"], where)
    elif dataclasses.is_dataclass(hint):
        assert described["name"] == f"continuo.{hint.__name__}", where
        assert_record(hint, described)
    else:
        name = described["type"] if isinstance(described, dict) else described
        assert name in SCALARS[hint], where
