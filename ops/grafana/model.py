"""Grafana's JSON, as far as the dashboards need it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

COLUMNS = 24
SCHEMA_VERSION = 39

Json = dict[str, Any]


def dashboard(uid: str, title: str, about: str, panels: Sequence[Json], variables: Sequence[Json] = ()) -> Json:
    """A dashboard; its panels are laid out one after the other, as wide as they ask to be."""
    x = y = height = 0
    placed = []
    for number, panel in enumerate(panels, start=1):
        size = panel["gridPos"]
        if x + size["w"] > COLUMNS:
            x, y, height = 0, y + height, 0
        placed.append({"id": number, **panel, "gridPos": {"x": x, "y": y, **size}})
        x, height = x + size["w"], max(height, size["h"])
    return {
        "uid": uid,
        "title": title,
        "description": about,
        "tags": ["continuo"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": list(variables)},
        "panels": placed,
    }


def panel(kind: str, title: str, about: str, source: Json, targets: Sequence[Json], **look: Any) -> Json:
    """A panel of the type ``kind``; ``look`` has its width, height, unit and options."""
    width, height = look.pop("width", 12), look.pop("height", 8)
    return {
        "type": kind,
        "title": title,
        "description": about,
        "datasource": source,
        "gridPos": {"w": width, "h": height},
        "targets": [{"datasource": source, "refId": chr(ord("A") + n), **target} for n, target in enumerate(targets)],
        "fieldConfig": {"defaults": {"unit": look.pop("unit", "short")} | look.pop("defaults", {}), "overrides": []},
        "options": look.pop("options", {}),
        **look,
    }
