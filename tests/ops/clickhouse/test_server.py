"""The embedded ClickHouse as its clients see it: a process that is asked over HTTP."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import clickhouse_connect
import httpx
import pytest
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from ops.stack.ports import free_ports

TABLE = """
CREATE TABLE events (
    id UInt64,
    name LowCardinality(String),
    heard_at DateTime64(6, 'UTC'),
    note Nullable(String),
    spans Array(Tuple(start_s Float64, end_s Float64))
) ENGINE = ReplacingMergeTree ORDER BY id
"""
COLUMNS = ["id", "name", "heard_at", "note", "spans"]


class Server:
    """One server process, which a test may stop, kill and start again."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/"
        self.port = port
        self._command = [sys.executable, "-m", "ops.clickhouse.server", "--port", str(port), "--path", str(folder)]

    def start(self) -> None:
        self.process = subprocess.Popen(self._command, stderr=subprocess.PIPE)
        while True:
            try:
                assert httpx.get(self.url + "ping").text == "Ok.\n"
                return
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()[1].decode()
                time.sleep(0.05)

    def end(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        code = self.process.wait(30)
        self.process.communicate()
        return code

    def client(self, **options: object) -> Client:
        return clickhouse_connect.get_client(host="127.0.0.1", port=self.port, **options)

    def ask(self, text: str) -> httpx.Response:
        return httpx.post(self.url, content=text)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("clickhouse"), free_ports(1)[0])
    server.start()
    yield server
    server.end(signal.SIGTERM)


@pytest.fixture
def client(server: Server) -> Client:
    client = server.client()
    client.command("DROP TABLE IF EXISTS events")
    client.command(TABLE)
    return client


def rows(count: int) -> list[list[object]]:
    moment = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    return [[i, f"FORMAT Native {i}\n", moment, None if i % 2 else "it's\t", [(0.5, float(i))]] for i in range(count)]


def test_curl_gets_an_answer(server: Server) -> None:
    assert server.ask("SELECT 1, 'a'").text == "1\ta\n"
    assert httpx.get(server.url, params={"query": "SELECT 2 AS x FORMAT JSONEachRow"}).text == '{"x":2}\n'


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_typed_rows_come_back_as_they_went_in(server: Server, client: Client, compress: bool | str) -> None:
    summary = server.client(compress=compress).insert("events", rows(100), column_names=COLUMNS)
    assert summary.written_rows == 100
    found = client.query("SELECT * REPLACE (toUnixTimestamp64Micro(heard_at) AS heard_at) FROM events ORDER BY id")
    assert found.column_names == tuple(COLUMNS)
    for got, put in zip(found.result_rows, rows(100), strict=True):
        moment, spans = put[2], put[4]
        assert isinstance(moment, datetime)
        assert got[:2] == (put[0], put[1])
        assert got[2] == round(moment.timestamp() * 1_000_000)
        assert got[3] == put[3]
        assert [tuple(span.values()) for span in got[4]] == spans


def test_parameters_are_values_not_sql(client: Client) -> None:
    client.insert("events", rows(3), column_names=COLUMNS)
    odd = "'); DROP TABLE events; --\\\t"
    found = client.query(
        "SELECT count(), {text:String} FROM events WHERE id < {below:UInt64}", {"text": odd, "below": 2}
    )
    assert found.result_rows == [(2, odd)]
    long = "x" * 50_000  # clients send it as a form
    assert client.query("SELECT {text:String}", {"text": long}).result_rows == [(long,)]


def test_words_in_texts_are_no_clauses(client: Client) -> None:
    client.command("INSERT INTO events (id, name) VALUES (1, 'FORMAT CSV; ')")
    assert client.query("SELECT name AS `FORMAT x` FROM events").result_rows == [("FORMAT CSV; ",)]


def test_settings_hold_for_one_statement(client: Client) -> None:
    assert client.query("SELECT getSetting('max_threads')", settings={"max_threads": 1}).result_rows == [(1,)]
    assert client.query("SELECT value, changed FROM system.settings WHERE name = 'max_threads'").result_rows[0][1] == 0


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT FROM WHERE", 62),
        ("SELECT * FROM nowhere", 60),
        ("SELECT throwIf(number = 3) FROM numbers(10)", 395),
        ("SELECT number FROM numbers(100000000)", 396),
    ],
)
def test_a_refused_statement_says_why_and_leaves_nothing_behind(
    server: Server, client: Client, sql: str, code: int
) -> None:
    with pytest.raises(DatabaseError) as refusal:
        client.query(sql)
    assert refusal.value.code == code
    assert server.ask("SELECT 'next'").text == "next\n"


def test_a_request_over_the_limit_is_refused(server: Server) -> None:
    response = server.ask("SELECT 1 --" + " " * (65 << 20))
    assert response.status_code == 413


def test_reading_requests_cannot_write(server: Server, client: Client) -> None:
    response = httpx.get(server.url, params={"query": "DROP TABLE events"})
    assert response.headers["X-ClickHouse-Exception-Code"] == "164"
    assert client.command("EXISTS TABLE events") == 1


@pytest.mark.parametrize("headers", [{"Origin": "http://example.org"}, {"Host": "example.org"}])
def test_pages_of_other_sites_are_refused(server: Server, headers: dict[str, str]) -> None:
    assert httpx.post(server.url, content="SELECT 1", headers=headers).status_code == 403


def test_clients_work_at_the_same_time(server: Server, client: Client) -> None:
    def write_and_read(which: int) -> int:
        mine = server.client()
        for batch in range(5):
            first = which * 1_000 + batch * 100
            mine.insert("events", [[first + i, *row[1:]] for i, row in enumerate(rows(100))], column_names=COLUMNS)
        return int(mine.command(f"SELECT count() FROM events WHERE intDiv(id, 1000) = {which}"))

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(write_and_read, range(6))) == [500] * 6
    assert client.command("SELECT count() FROM events FINAL") == 3_000


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / "tables", free_ports(1)[0])
    server.start()
    server.client().command(TABLE)
    server.client().insert("events", rows(1_000), column_names=COLUMNS)
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    server.start()
    assert server.client().command("SELECT count(), sum(id) FROM events") == ["1000", "499500"]
    assert server.end(signal.SIGTERM) == 0


def test_a_second_process_on_the_same_folder_says_so(tmp_path: Path) -> None:
    server = Server(tmp_path, free_ports(1)[0])
    server.start()
    second = subprocess.run(
        [sys.executable, "-m", "ops.clickhouse.server", "--port", str(free_ports(1)[0]), "--path", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    server.end(signal.SIGTERM)
    assert second.returncode == 1
    assert "If another process uses that folder, stop it" in second.stderr
