"""The history by HTTP: the panels of ``connectors/analytics``, and a page that draws them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Annotated, Any

from clickhouse_connect.driver import Client
from fastapi import APIRouter, HTTPException, Query
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from connectors.analytics import Panel, PanelError, Period, load_panels, run_panel
from connectors.clickhouse_client import (
    ERRORS,
    ClickHouseUnavailableError,
    clickhouse_client,
    first_line,
    is_refusal,
)
from connectors.settings import Settings

HOUR = timedelta(hours=1)
QUERIES_AT_ONCE = 4
POLICY = "default-src 'none'; connect-src 'self'; script-src 'self'; style-src 'unsafe-inline'"


class PanelInfo(BaseModel):
    """What a panel shows, and how it is to be drawn."""

    id: str
    title: str
    about: str
    kind: str
    unit: str
    of_a_source: bool


class PanelAnswer(PanelInfo):
    """A panel with its rows; times are ISO 8601 in UTC."""

    since: datetime
    until: datetime
    step_s: int
    columns: list[str]
    rows: list[list[Any]]


class History:
    """Asks the panels of ClickHouse; may be used from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._panels = load_panels()
        self._client: Client | None = None
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(QUERIES_AT_ONCE)

    def panels(self) -> list[PanelInfo]:
        """All panels, in their order."""
        return [_info(panel) for panel in self._panels.values()]

    def ask(self, panel_id: str, period: Period, source: str | None) -> PanelAnswer:
        """One panel with its rows.

        Raises:
            KeyError: there is no such panel.
            PanelError: it asks for a source.
            ClickHouseUnavailableError, ClickHouseError: ClickHouse is away, or refuses.
        """
        panel = self._panels[panel_id]
        with self._slots:
            found = run_panel(self._connected(), panel, period, source)
        return PanelAnswer(
            **_info(panel).model_dump(), since=period.since, until=period.until, step_s=period.step_s, **found
        )

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = clickhouse_client(self._settings)
            return self._client


def _info(panel: Panel) -> PanelInfo:
    return PanelInfo(**panel.model_dump(exclude={"sql"}), of_a_source=panel.of_a_source)


def page_router() -> APIRouter:
    """The page, which has no figures of its own: it asks for them."""
    api = APIRouter(include_in_schema=False)
    folder = resources.files("connectors.analytics")
    page = folder.joinpath("page.html").read_text("utf-8")
    script = folder.joinpath("page.js").read_text("utf-8")

    @api.get("/analytics")
    def analytics_page() -> HTMLResponse:
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})

    @api.get("/analytics.js")
    def analytics_script() -> Response:
        return Response(script, media_type="text/javascript")

    return api


def router(history: History) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["analytics"])

    @api.get("/api/analytics")
    def panels() -> list[PanelInfo]:
        """The panels that may be asked for."""
        return history.panels()

    @api.get("/api/analytics/{panel_id}")
    def panel(
        panel_id: str,
        since: Annotated[
            datetime | None, Query(description="The first moment; an hour before the end by default.")
        ] = None,
        until: Annotated[datetime | None, Query(description="The moment after the last one; now by default.")] = None,
        source: Annotated[str | None, Query(max_length=256, description="For panels of one source.")] = None,
    ) -> PanelAnswer:
        """A panel's rows. Times without an offset are UTC."""
        end = until or datetime.now(UTC)
        try:
            return history.ask(panel_id, Period(since or end - HOUR, end), source)
        except KeyError:
            raise HTTPException(404, f"There is no panel {panel_id!r}; /api/analytics lists them.") from None
        except PanelError as error:
            raise HTTPException(422, str(error)) from error
        except ClickHouseUnavailableError as error:
            raise HTTPException(503, str(error)) from error
        except ERRORS as error:
            if is_refusal(error):
                # before the sink first ran there are no tables; a database that was made anew has none either
                raise HTTPException(503, f"ClickHouse refuses the question: {first_line(error)}") from error
            raise HTTPException(503, f"ClickHouse does not answer: {first_line(error)}") from error

    return api
