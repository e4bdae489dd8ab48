"""``python -m ops.grafana``: write the dashboards into ``ops/grafana/dashboards``."""

from __future__ import annotations

import json
from pathlib import Path

from .analytics import analytics_dashboard
from .operations import operations_dashboard

FOLDER = Path(__file__).with_name("dashboards")
DASHBOARDS = {"analytics.json": analytics_dashboard, "operations.json": operations_dashboard}


def written() -> dict[str, str]:
    """The files by name."""
    return {name: json.dumps(make(), indent=2, ensure_ascii=False) + "\n" for name, make in DASHBOARDS.items()}


if __name__ == "__main__":
    for name, text in written().items():
        (FOLDER / name).write_text(text, "utf-8")
