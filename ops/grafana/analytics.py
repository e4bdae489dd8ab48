"""The analytics dashboard: the panels of ``connectors/analytics``, asked of a ClickHouse server by Grafana."""

from __future__ import annotations

from connectors.analytics import Panel, load_panels

from .model import Json, dashboard, panel

CLICKHOUSE: Json = {"type": "grafana-clickhouse-datasource", "uid": "continuo-clickhouse"}
MACROS = {
    # a DateTime as text is in the server's zone unless told otherwise
    "{since:String}": "toString($__fromTime, 'UTC')",
    "{until:String}": "toString($__toTime, 'UTC')",
    "{step_s:UInt32}": "$__interval_s",
    "{source:String}": "${source:sqlstring}",
}
KINDS = {"lines": "timeseries", "bars": "barchart", "table": "table"}
UNITS = {"ms": "ms"}


def analytics_dashboard() -> Json:
    """The dashboard."""
    return dashboard(
        "continuo-analytics",
        "Continuo: what was heard",
        "Matches and unknowns, latency, works, sources, triggers and what could not be handled, from ClickHouse.",
        [_panel(each) for each in load_panels().values()],
        [_source_variable()],
    )


def _panel(each: Panel) -> Json:
    lines = each.kind == "lines"
    target = {
        "editorType": "sql",
        "queryType": "timeseries" if lines else "table",
        "format": 0 if lines else 1,
        "rawSql": with_macros(each.sql),
    }
    unit = UNITS.get(each.unit, "short")
    return panel(KINDS[each.kind], each.title, each.about, CLICKHOUSE, [target], unit=unit)


def with_macros(sql: str) -> str:
    """A panel's statement in the words of Grafana's plugin."""
    for parameter, macro in MACROS.items():
        sql = sql.replace(parameter, macro)
    return sql


def _source_variable() -> Json:
    statement = (
        "SELECT DISTINCT source_id FROM matches WHERE created_at > now() - INTERVAL 7 DAY ORDER BY source_id LIMIT 1000"
    )
    return {
        "name": "source",
        "label": "Source",
        "type": "query",
        "datasource": CLICKHOUSE,
        "query": statement,
        "refresh": 2,
        "sort": 1,
    }
