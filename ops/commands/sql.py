"""``continuo sql``: ask the history in ClickHouse."""

from __future__ import annotations

from typing import Annotated, Any

import typer

REFUSED, AWAY = 1, 3


def register(app: typer.Typer) -> None:
    app.command("sql")(sql)


def sql(
    statement: Annotated[str, typer.Argument(help="A statement, such as 'SELECT * FROM matches_per_minute'.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each row.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV with a line of column names.")] = False,
) -> None:
    """Run a statement on ClickHouse and print its result. Exit code 1: refused; 3: ClickHouse is away."""
    from connectors.clickhouse_client import (
        ERRORS,
        ClickHouseUnavailableError,
        clickhouse_client,
        first_line,
        is_refusal,
    )
    from connectors.settings import Settings

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv cannot be combined.")
    try:
        client = clickhouse_client(Settings())
        if as_json or as_csv:
            encoding = "JSONEachRow" if as_json else "CSVWithNames"
            # numbers stay numbers in JSON, also those of 64 bits
            chosen = {"default_format": encoding, "output_format_json_quote_64bit_integers": 0}
            typer.echo(client.raw_query(statement, settings=chosen), nl=False)
        else:
            result = client.query(statement)
            if result.column_names:
                _show(list(result.column_names), result.result_rows)
    except ClickHouseUnavailableError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(AWAY) from error
    except ERRORS as error:
        refused = is_refusal(error)
        what = "refuses the statement" if refused else "stopped answering"
        typer.echo(f"ClickHouse {what}: {first_line(error)}", err=True)
        raise typer.Exit(REFUSED if refused else AWAY) from error


def _show(names: list[str], rows: Any) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*names)
    for row in rows:
        table.add_row(*(Text(_text(value)) for value in row))
    Console().print(table)


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
