"""The audit as tables for people."""

from __future__ import annotations

from dataclasses import asdict

from rich.console import Console
from rich.table import Table

from . import Audit, StoreAudit, TopicAudit


def print_audit(audit: Audit) -> None:
    """Print the counts of each topic and store, and a verdict."""
    console = Console()
    console.print(_table("topic", dict(audit.topics)))
    if audit.stores:
        console.print(_table("store", dict(audit.stores)))
    if audit.lost:
        console.print(f"[bold red]{audit.lost} lost.[/] The table says where.")
    else:
        waiting = f", {audit.waiting} still to come" if audit.waiting else ""
        console.print(f"[bold green]Nothing is lost[/]{waiting}; the stores hold {audit.duplicated} results twice.")


def _table(title: str, rows: dict[str, TopicAudit] | dict[str, StoreAudit]) -> Table:
    counts = {name: asdict(row) for name, row in rows.items()}
    table = Table(title)
    for column in next(iter(counts.values())):
        table.add_column(column.replace("_", " "), justify="right")
    for name, row in counts.items():
        table.add_row(name, *(str(count) for count in row.values()))
    return table
