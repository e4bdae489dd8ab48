"""``continuo sql`` as a person or a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from ops.stack import Stack

pytestmark = pytest.mark.stack


def ask(stack: Stack, *words: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"CONTINUO_CLICKHOUSE__URL": url or stack.settings.clickhouse_url, "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", "sql", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_table_for_people(stack: Stack) -> None:
    shown = ask(stack, "SELECT 'Prélude [red]' AS title, 7 AS times, 0.25 AS confidence")
    assert shown.returncode == 0
    assert "title" in shown.stdout
    assert "Prélude [red]" in shown.stdout
    assert "0.25" in shown.stdout


def test_lines_for_programs(stack: Stack) -> None:
    statement = "SELECT number AS n, toString(number) AS text FROM numbers(3)"
    lines = ask(stack, statement, "--json").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [{"n": n, "text": str(n)} for n in range(3)]
    assert ask(stack, statement, "--csv").stdout == '"n","text"\n0,"0"\n1,"1"\n2,"2"\n'


def test_statements_without_a_result(stack: Stack) -> None:
    assert ask(stack, "CREATE TABLE asked (a Int8) ENGINE = Memory").returncode == 0
    assert ask(stack, "INSERT INTO asked VALUES (5)", "--json").returncode == 0
    assert ask(stack, "SELECT a FROM asked", "--csv").stdout == '"a"\n5\n'
    assert ask(stack, "DROP TABLE asked").returncode == 0


def test_a_bad_statement_is_refused_in_a_sentence(stack: Stack) -> None:
    refused = ask(stack, "SELECT * FROM nowhere")
    assert refused.returncode == 1
    assert refused.stderr.startswith("ClickHouse refuses the statement: Unknown table expression identifier 'nowhere'")
    assert len(refused.stderr.splitlines()) == 1


def test_a_server_that_is_away_is_told_in_a_sentence(stack: Stack) -> None:
    away = ask(stack, "SELECT 1", url="http://127.0.0.1:9/default")
    assert away.returncode == 3
    assert "continuo up" in away.stderr
    assert len(away.stderr.splitlines()) == 1
