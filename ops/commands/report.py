"""``continuo report``: what a source played."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from processors.played import Played

REFUSED, AWAY = 1, 3


def register(app: typer.Typer) -> None:
    app.command("report")(report)


def report(
    source: Annotated[str, typer.Argument(help="Whose list: the source's id.")],
    since: Annotated[
        str | None,
        typer.Option("--from", help="The first moment, such as 2026-05-01 or 2026-05-01T20:00. Default: midnight."),
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="The moment after the last one. Default: now.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write CSV into this file; - is standard output.")
    ] = None,
    html_file: Annotated[Path | None, typer.Option("--html", help="Write one HTML page into this file.")] = None,
    pause_s: Annotated[
        float, typer.Option("--pause", min=0.0, help="A longer silence, in seconds, ends an entry.")
    ] = 30.0,
    doubt_s: Annotated[
        float, typer.Option("--doubt", min=0.0, help="Doubts shorter than this, in seconds, amid a work belong to it.")
    ] = 10.0,
) -> None:
    """Tell what a source played, from when to when: for set lists, royalty logs and archives.

    Times without an offset are local. Exit code 1: ClickHouse refuses; 3: it is away.
    """
    from connectors.clickhouse_client import (
        ERRORS,
        ClickHouseUnavailableError,
        clickhouse_client,
        first_line,
        is_refusal,
    )
    from connectors.settings import Settings
    from ops.played_list.history import answers_of
    from processors.played import joined

    begin = (
        moment_of(since, "--from")
        if since
        else datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    )
    end = moment_of(until, "--to") if until else datetime.now().astimezone()
    if end <= begin:
        raise typer.BadParameter("The time ends before it begins: --to has to be after --from.")
    try:
        client = clickhouse_client(Settings())
        entries = joined(answers_of(client, source, begin, end), pause_s=pause_s, doubt_s=doubt_s)
    except ClickHouseUnavailableError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(AWAY) from error
    except ERRORS as error:
        refused = is_refusal(error)
        typer.echo(
            f"ClickHouse {'refuses the question' if refused else 'stopped answering'}: {first_line(error)}", err=True
        )
        raise typer.Exit(REFUSED if refused else AWAY) from error
    try:
        _write(source, begin, end, entries, csv_file, html_file)
    except OSError as error:
        typer.echo(f"The list cannot be written: {error}.", err=True)
        raise typer.Exit(REFUSED) from error


def _write(
    source: str, begin: datetime, end: datetime, entries: list[Played], csv_file: Path | None, html_file: Path | None
) -> None:
    import sys

    from ops.played_list.as_csv import write_csv
    from ops.played_list.as_html import to_html

    if csv_file is not None and str(csv_file) == "-":
        write_csv(sys.stdout, source, entries)
    elif csv_file is not None:
        with csv_file.open("w", encoding="utf-8", newline="") as out:
            write_csv(out, source, entries)
    if html_file is not None:
        html_file.write_text(to_html(source, begin, end, entries), "utf-8")
    if csv_file is None and html_file is None:
        _show(source, entries)
    elif csv_file is None or str(csv_file) != "-":
        names = " and ".join(str(file) for file in (csv_file, html_file) if file is not None)
        typer.echo(f"{len(entries)} entries written to {names}.")


def _show(source: str, entries: list[Played]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ops.played_list.as_csv import moment

    if not entries:
        typer.echo(f"Nothing was heard of {source} in this time.")
        return
    table = Table("from", "to", "what", "confidence")
    for entry in entries:
        known = entry.status == "matched"
        what = f"{entry.composer}: {entry.title}" if known else entry.error or entry.status
        table.add_row(
            moment(entry.begin_s), moment(entry.end_s), Text(what), f"{entry.confidence:.0%}" if known else ""
        )
    Console().print(table)


def moment_of(text: str, option: str) -> datetime:
    """A moment as a person writes it on the command line; local unless it says otherwise.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        raise typer.BadParameter(
            f"{option} takes a date or a moment, such as 2026-05-01 or 2026-05-01T20:00, not {text!r}."
        ) from error
