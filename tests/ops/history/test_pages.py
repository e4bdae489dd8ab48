"""The pages of the history in a real browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from clickhouse_connect.driver import Client
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from connectors.gateway import analytics
from connectors.http.server import serve
from connectors.settings import Settings
from ops.browser import chromium
from ops.played_list.as_html import to_html
from ops.stack.ports import free_ports
from processors.played import Heard, joined

from .conftest import BEGIN, SOURCE

PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page(viewport={"width": 1280, "height": 900}) as page:
        page.clock.install(time=BEGIN.timestamp() + 1800)
        yield page


@pytest.fixture(scope="module")
def address(history: Client, url: str) -> Iterator[str]:
    settings = Settings()
    clickhouse = settings.clickhouse.model_copy(update={"url": SecretStr(url)})
    app = FastAPI()
    app.include_router(analytics.router(analytics.History(settings.model_copy(update={"clickhouse": clickhouse}))))
    app.include_router(analytics.page_router())
    (port,) = free_ports(1)
    stop = threading.Event()
    thread = threading.Thread(target=serve, args=(app, "127.0.0.1", port, stop))
    thread.start()
    try:
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/api/analytics").raise_for_status()
                break
            except httpx.TransportError:
                assert thread.is_alive()
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/analytics"
    finally:
        stop.set()
        thread.join()


def test_the_panels_are_drawn_and_each_has_its_figures(page: Page, address: str) -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: None if "127.0.0.1" in request.url else elsewhere.append(request.url))
    page.on("pageerror", lambda error: elsewhere.append(str(error)))
    page.goto(address)
    answers = page.locator("#panel-answers")
    expect(answers.get_by_role("img")).to_be_visible(timeout=PATIENCE_MS)
    answers.get_by_text("Figures").click()
    expect(answers.get_by_role("columnheader", name="unknown")).to_be_visible()
    expect(page.locator("#panel-source-history")).to_contain_text("Name a source above.")
    page.get_by_role("combobox", name="Source").fill(SOURCE)
    page.get_by_role("button", name="Show").click()
    history = page.locator("#panel-source-history")
    expect(history.get_by_role("cell", name="Title of bach/a&b")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_label("Token")).to_be_hidden()
    assert Axe().run(page).violations_count == 0
    assert elsewhere == []


def test_the_list_can_be_read_by_all(page: Page, tmp_path: Path) -> None:
    begin_s = BEGIN.timestamp()
    heard = [Heard(begin_s + n, begin_s + n, "matched", "a", "Prélude <1>", "Bach", 0.9) for n in range(60)]
    file = tmp_path / "list.html"
    file.write_text(to_html(SOURCE, BEGIN, BEGIN, joined(heard)), "utf-8")
    page.goto(file.as_uri())
    expect(page.get_by_role("rowheader", name="Bach: Prélude <1>")).to_be_visible()
    expect(page.get_by_role("img", name="1 entry over 0:59 min")).to_be_visible()
    assert Axe().run(page).violations_count == 0
