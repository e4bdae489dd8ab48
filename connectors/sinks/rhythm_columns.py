"""Beats, sections, triggers and error events as columns of their tables in ClickHouse."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from schemas import topics
from schemas.events import Event

from .clickhouse_columns import Columns

TABLES = {
    topics.BEATS.name: "beats",
    topics.SECTIONS.name: "sections",
    topics.TRIGGERS.name: "triggers",
    topics.ERROR_EVENTS.name: "error_events",
}
"""Topic to table. A column has the name of its field; frames and activations are not kept."""
NOT_KEPT = frozenset({"origin", "trace_context"})
NULLABLE = frozenset({"end_s"})


def event_columns(events: Sequence[Event]) -> Columns:
    """Rows of one table, from events of one class; texts that are missing are empty."""
    names = [field.name for field in dataclasses.fields(events[0]) if field.name not in NOT_KEPT]
    return {name: [_value(event, name) for event in events] for name in names}


def _value(event: Event, name: str) -> object:
    value = getattr(event, name)
    return "" if value is None and name not in NULLABLE else value
