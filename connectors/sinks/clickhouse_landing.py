"""Landing tables: where ClickHouse reads records of Avro itself, and what it makes of them.

A landing table keeps nothing (engine ``Null``); it has the columns of a topic's schema, and a materialized view turns
what is inserted into it into rows of the real table. So the sink neither decodes a record nor builds a row. Tables are
named by what they contain: sinks of two versions have one each, and neither disturbs the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

from schemas import topics
from schemas.codec import schema_fields

from .rhythm_columns import NOT_KEPT, NULLABLE, TABLES

TYPES = {
    "string": "String",
    "int": "Int32",
    "long": "Int64",
    "double": "Float64",
    "float": "Float32",
    "boolean": "Bool",
}

MOMENTS = frozenset({"created_at", "due_at"})
"""Fields with microseconds since the epoch whose columns hold a time."""


@dataclass(frozen=True, slots=True)
class Landing:
    """One landing table.

    Attributes:
        table: its name.
        statements: what makes it and its view, unless they are there.
    """

    table: str
    statements: tuple[str, str]


def landings() -> dict[str, Landing]:
    """The landing table of each topic that has one."""
    matches = resources.files(__package__).joinpath("clickhouse", "landing", "matches.sql").read_text("utf-8").strip()
    made = {topics.MATCHES.name: _landing(topics.MATCHES.name, "matches", matches)}
    for topic, table in TABLES.items():
        made[topic] = _landing(topic, table, f"SELECT {', '.join(_flat_columns(topic))}")
    return made


def _landing(topic: str, table: str, select: str) -> Landing:
    columns = ", ".join(f"`{field['name']}` {column_type(field['type'])}" for field in schema_fields(topic))
    name = f"landing_{table}_{hashlib.sha256((columns + select).encode()).hexdigest()[:8]}"
    return Landing(
        name,
        (
            f"CREATE TABLE IF NOT EXISTS {name} ({columns}) ENGINE = Null",
            f"CREATE MATERIALIZED VIEW IF NOT EXISTS {name}_view TO {table} AS {select} FROM {name}",
        ),
    )


def column_type(schema: Any) -> str:
    """The type of a column that takes values of an Avro schema; a record that is null comes with empty values."""
    if isinstance(schema, list):
        inner = column_type(next(branch for branch in schema if branch != "null"))
        return inner if inner.startswith(("Tuple", "Array")) else f"Nullable({inner})"
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        parts = [f"{field['name']} {column_type(field['type'])}" for field in schema["fields"]]
        return f"Tuple({', '.join(parts)})"
    if kind == "array":
        return f"Array({column_type(schema['items'])})"
    return "String" if kind == "enum" else TYPES[kind]


def _flat_columns(topic: str) -> Iterator[str]:
    """The fields of a flat event as columns: the same as ``event_columns`` makes of its class."""
    for field in schema_fields(topic):
        name, schema = field["name"], field["type"]
        if name in NOT_KEPT:
            continue
        if name in MOMENTS:
            yield f"fromUnixTimestamp64Micro({name}, 'UTC') AS {name}"
        elif isinstance(schema, list) and name not in NULLABLE:
            yield f"ifNull({name}, '') AS {name}"
        else:
            yield name
