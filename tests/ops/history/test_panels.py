"""The panels of the history, by HTTP and in Grafana, on the embedded ClickHouse."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from clickhouse_connect.driver import Client
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from connectors.analytics import PanelError, Period, load_panels, run_panel
from connectors.gateway import analytics
from connectors.settings import Settings
from ops.grafana.__main__ import FOLDER, written

from .conftest import BEGIN, SOURCE

EVENING = Period(BEGIN - timedelta(minutes=5), BEGIN + timedelta(minutes=55))
PANELS = load_panels()


def rows(history: Client, panel: str, source: str | None = None) -> list[dict[str, object]]:
    found = run_panel(history, PANELS[panel], EVENING, source)
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def test_each_answer_counts_once(history: Client) -> None:
    found = rows(history, "answers")
    assert found[0] == {"time": BEGIN.isoformat(), "matched": 60, "unknown": 0, "failed": 0}
    totals = {name: sum(int(str(row[name])) for row in found) for name in ("matched", "unknown", "failed")}
    assert totals == {"matched": 120, "unknown": 40, "failed": 1}


def test_a_source_has_its_history(history: Client) -> None:
    found = rows(history, "source-history", SOURCE)
    assert [(row["status"], row["title"], row["answers"]) for row in found] == [
        ("matched", "Title of joplin/rag", 60),
        ("unknown", "", 40),
        ("matched", "Title of bach/a&b", 60),
        ("failed", "", 1),
    ]
    assert rows(history, "source-history", "nobody") == []
    with pytest.raises(PanelError, match="asks for a source"):
        rows(history, "source-history")


def test_reasons_works_and_sections_are_counted(history: Client) -> None:
    assert [(row["error_type"], row["failures"]) for row in rows(history, "failures")] == [("not_midi", 1)]
    assert [(row["stage"], row["dead_letters"]) for row in rows(history, "dead-letters")] == [("clips", 1)]
    assert [(row["section"], row["triggers"], row["off_p95_ms"]) for row in rows(history, "triggers")] == [
        ("chorus", 3, 9.0)
    ]
    assert {row["title"] for row in rows(history, "works")} == {"Title of joplin/rag", "Title of bach/a&b"}
    assert rows(history, "sources")[0]["matched"] == pytest.approx(120 / 161, abs=0.001)
    (piano,) = rows(history, "instruments")
    assert (piano["instrument"], piano["clips"], piano["probability"]) == ("piano", 1, 0.75)
    assert rows(history, "confidence") == [{"confidence_from": "0.9 and more", "matches": 120}]


@pytest.mark.parametrize("panel", PANELS)
def test_an_empty_time_is_no_error(history: Client, panel: str) -> None:
    empty = Period(BEGIN - timedelta(days=400), BEGIN - timedelta(days=300))
    assert run_panel(history, PANELS[panel], empty, "nobody")["rows"] == []


def test_views_answer(history: Client) -> None:
    latency = history.query("SELECT stage, max(max_ms) FROM latencies_per_minute GROUP BY stage ORDER BY stage")
    assert latency.result_rows == [("identify", 2.0), ("way to the worker", 10.0), ("whole", 12.0)]
    assert history.query("SELECT sum(triggers) FROM triggers_by_section").result_rows == [(3,)]
    assert history.query("SELECT error_type, failures FROM failures_per_minute").result_rows == [("not_midi", 1)]


def test_the_gateway_answers_what_the_page_asks(history: Client, url: str) -> None:
    settings = Settings()
    clickhouse = settings.clickhouse.model_copy(update={"url": SecretStr(url)})
    app = FastAPI()
    app.include_router(analytics.router(analytics.History(settings.model_copy(update={"clickhouse": clickhouse}))))
    app.include_router(analytics.page_router())
    client = TestClient(app)
    assert [panel["id"] for panel in client.get("/api/analytics").json()] == list(PANELS)
    period = {"since": EVENING.since.isoformat(), "until": EVENING.until.isoformat()}
    answer = client.get("/api/analytics/answers", params=period).json()
    assert answer["columns"] == ["time", "matched", "unknown", "failed"]
    assert answer["rows"][0][1] == 60
    assert client.get("/api/analytics/source-history", params=period).status_code == 422
    assert len(client.get("/api/analytics/source-history", params={**period, "source": SOURCE}).json()["rows"]) == 4
    assert client.get("/api/analytics/nothing").status_code == 404
    backwards = {"since": period["until"], "until": period["since"]}
    assert client.get("/api/analytics/answers", params=backwards).status_code == 422
    page = client.get("/analytics")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert client.get("/analytics.js").headers["content-type"].startswith("text/javascript")


def test_clickhouse_that_is_away_is_told_in_a_sentence() -> None:
    settings = Settings()
    away = settings.clickhouse.model_copy(update={"url": SecretStr("http://127.0.0.1:1/default")})
    app = FastAPI()
    app.include_router(analytics.router(analytics.History(settings.model_copy(update={"clickhouse": away}))))
    answer = TestClient(app).get("/api/analytics/answers")
    assert answer.status_code == 503
    assert "ClickHouse does not answer" in answer.json()["detail"]


def test_the_dashboards_on_disk_are_those_that_are_made() -> None:
    assert {file.name: file.read_text("utf-8") for file in FOLDER.iterdir()} == written(), (
        "Run `python -m ops.grafana` after a change of panels or metrics."
    )


def test_every_statement_of_the_analytics_dashboard_runs(history: Client) -> None:
    made = json.loads((FOLDER / "analytics.json").read_text("utf-8"))
    expanded = {
        "$__fromTime": f"toDateTime({int(EVENING.since.timestamp())})",
        "$__toTime": f"toDateTime({int(EVENING.until.timestamp())})",
        "$__interval_s": "60",
        "${source:sqlstring}": f"'{SOURCE}'",
    }
    for panel in made["panels"]:
        (target,) = panel["targets"]
        sql = target["rawSql"]
        for macro, value in expanded.items():
            sql = sql.replace(macro, value)
        assert "$" not in sql, sql
        assert history.query(sql).result_rows, f"The panel {panel['title']} shows nothing of the evening."
    assert history.query(made["templating"]["list"][0]["query"]).result_rows == []  # nobody played lately
