"""The operations dashboard: the workers' metrics, asked of Prometheus."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from .model import Json, dashboard, panel

PROMETHEUS: Json = {"type": "prometheus", "uid": "continuo-prometheus"}


def operations_dashboard() -> Json:
    """The dashboard."""
    text = resources.files(__package__).joinpath("operations.yaml").read_text("utf-8")
    return dashboard(
        "continuo-operations",
        "Continuo: operations",
        "Whether the workers are well, how fast they answer, what waits and what was refused, from Prometheus.",
        [_panel(**each) for each in yaml.safe_load(text)],
    )


def _panel(*, title: str, about: str, queries: list[list[str]], kind: str = "timeseries", **look: Any) -> Json:
    at_once = {"instant": True, "format": "table"} if kind == "table" else {}
    targets = [{"expr": expression, "legendFormat": legend, **at_once} for expression, legend in queries]
    return panel(kind, title, about, PROMETHEUS, targets, **look)
