"""Panels: a question to ClickHouse with its period, and how its answer is to be drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any, Literal

import yaml
from clickhouse_connect.driver import Client
from pydantic import BaseModel, ConfigDict, TypeAdapter

POINTS = 120
"""About so many points has a line."""
STEPS_S = (1, 5, 15, 60, 300, 900, 3_600, 21_600, 86_400, 604_800)
SOURCE = "{source:String}"


class PanelError(ValueError):
    """A panel cannot be asked like this; the message says why."""


@dataclass(frozen=True, slots=True)
class Period:
    """From when to when is asked; the end is not part of it. Times without a zone are UTC."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if _utc(self.until) <= _utc(self.since):
            raise PanelError("The period ends before it begins.")

    @property
    def step_s(self) -> int:
        """The distance of two points of a line: the smallest that makes about ``POINTS`` of them."""
        wanted_s = (_utc(self.until) - _utc(self.since)).total_seconds() / POINTS
        return next((step_s for step_s in STEPS_S if step_s >= wanted_s), STEPS_S[-1])

    def parameters(self) -> dict[str, str]:
        """As the statements name them."""
        return {"since": _text(self.since), "until": _text(self.until)}


class Panel(BaseModel):
    """One question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    about: str
    kind: Literal["lines", "bars", "table"]
    sql: str
    unit: str = ""

    @property
    def of_a_source(self) -> bool:
        """Whether it asks for one source."""
        return SOURCE in self.sql


def load_panels() -> dict[str, Panel]:
    """All panels by id, in their order."""
    text = resources.files(__package__).joinpath("panels.yaml").read_text("utf-8")
    panels = TypeAdapter(list[Panel]).validate_python(yaml.safe_load(text))
    return {panel.id: panel for panel in panels}


def run_panel(client: Client, panel: Panel, period: Period, source: str | None = None) -> dict[str, Any]:
    """Ask ClickHouse.

    Returns:
        ``columns``, the names, and ``rows``, lists of values; times as ISO 8601 in UTC.

    Raises:
        PanelError: the panel asks for a source, and none is named.
        ClickHouseError: ClickHouse refuses, or is away.
    """
    if panel.of_a_source and not source:
        raise PanelError(f"The panel {panel.id!r} asks for a source.")
    parameters: dict[str, Any] = {**period.parameters(), "step_s": period.step_s, "source": source or ""}
    used = {name: value for name, value in parameters.items() if re.search(rf"{{{name}:", panel.sql)}
    result = client.query(panel.sql, used)
    return {
        "columns": list(result.column_names),
        "rows": [[_plain(value) for value in row] for row in result.result_rows],
    }


def _plain(value: Any) -> Any:
    return _utc(value).isoformat() if isinstance(value, datetime) else value


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _text(moment: datetime) -> str:
    return _utc(moment).strftime("%Y-%m-%d %H:%M:%S.%f")
