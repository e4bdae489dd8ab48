"""``continuo report`` as a venue or an archive uses it."""

from __future__ import annotations

import csv
import os
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import Result
from clickhouse_connect.driver import Client
from typer.testing import CliRunner

from ops.cli import app

from .conftest import SOURCE

EVENING = ("--from", "2026-03-07T19:00:00+00:00", "--to", "2026-03-07T23:00:00+00:00")
VOID = frozenset({"meta", "link", "br"})


def report(url: str, *words: str, zone: str = "UTC") -> Result:
    variables = {"CONTINUO_CLICKHOUSE__URL": url, "CONTINUO_SETTINGS": os.devnull, "TZ": zone, "COLUMNS": "140"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        time.tzset()
        made = CliRunner().invoke(app, ["report", *words])
    time.tzset()
    return made


@pytest.fixture(scope="module")
def files(history: Client, url: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("report")
    table, page = folder / "list.csv", folder / "list.html"
    made = report(url, SOURCE, *EVENING, "--csv", str(table), "--html", str(page), zone="Europe/Berlin")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("4 entries written to ")
    return table, page


def test_the_csv_has_an_entry_for_each_play(files: tuple[Path, Path]) -> None:
    with files[0].open(newline="") as file:
        entries = list(csv.DictReader(file))
    assert [(e["status"], e["title"], e["answers"], e["length_s"]) for e in entries] == [
        ("matched", "Title of joplin/rag", "60", "59.0"),
        ("unknown", "", "40", "39.0"),
        ("matched", "Title of bach/a&b", "60", "59.0"),
        ("failed", "", "1", "0.0"),
    ]
    assert entries[0]["begin"] == "2026-03-07T20:59:59+01:00"  # what was heard came a moment before its answer
    assert entries[0]["confidence"] == "0.900"
    assert entries[0]["composer"] == "'=Composer"  # no formula in a spreadsheet
    assert entries[3]["error"] == "not_midi"


class Page(HTMLParser):
    """Texts and attributes by element; complains of what is not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.attributes: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


def test_the_page_stands_alone_and_can_be_read_by_all(files: tuple[Path, Path]) -> None:
    page = Page()
    page.feed(files[1].read_text("utf-8"))
    assert page.open == []
    assert "".join(page.texts["h1"]) == f"What {SOURCE} played"
    rows = [text for text in page.texts["th"] if text in ("=Composer: Title of bach/a&b", "Not recognised")]
    assert rows == ["Not recognised", "=Composer: Title of bach/a&b"]
    pictures = [found for tag, found in page.attributes if tag == "svg" and found.get("role") == "img"]
    assert pictures[0]["aria-label"] == "4 entries over 8:20 min; the table below has them all."
    assert [found.get("scope") for tag, found in page.attributes if tag == "th"].count("row") == 4
    assert ("html", {"lang": "en"}) in page.attributes
    loads = [(tag, found) for tag, found in page.attributes if tag in ("script", "link", "img", "iframe")]
    assert loads == []
    names = {name for _, found in page.attributes for name in found}
    assert not names & {"src", "href", "onload", "onclick"}


def test_a_table_for_people(history: Client, url: str) -> None:
    shown = report(url, SOURCE, *EVENING)
    assert shown.exit_code == 0
    assert "Title of bach/a&b" in shown.stdout
    nothing = report(url, "nobody", *EVENING)
    assert nothing.stdout == "Nothing was heard of nobody in this time.\n"


def test_what_cannot_be_done_is_told_in_a_sentence(url: str) -> None:
    assert "not 'yesterday'" in report(url, SOURCE, "--from", "yesterday").stderr.replace("\n", " ")
    away = report("http://127.0.0.1:1/default", SOURCE, *EVENING)
    assert away.exit_code == 3
    assert away.stderr.startswith("ClickHouse does not answer")
