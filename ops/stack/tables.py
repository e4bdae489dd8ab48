"""Tables of the stack for the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from ops.cluster import GroupState, TopicState

from .run_state import PartState

STYLES = {
    "healthy": "green",
    "starting": "cyan",
    "waiting": "yellow",
    "unhealthy": "bold red",
    "restarting": "yellow",
    "given up": "bold red",
    "down": "bold red",
}


def parts_table(parts: Iterable[PartState]) -> Table:
    """One row a part."""
    table = Table(title="Parts", title_justify="left", box=None, pad_edge=False)
    for heading in ("part", "state", "process", "restarts", ""):
        table.add_column(heading, justify="right" if heading in ("process", "restarts") else "left")
    for part in parts:
        process = "your own" if not part.embedded else str(part.pid or "")
        state = Text(f"● {part.state}", style=STYLES[part.state])
        table.add_row(part.name, state, process, str(part.restarts or ""), part.says)
    return table


def topics_table(topics: Iterable[TopicState]) -> Table:
    """One row a topic."""
    table = Table(title="Topics", title_justify="left", box=None, pad_edge=False)
    table.add_column("topic")
    table.add_column("partitions", justify="right")
    table.add_column("records", justify="right")
    for topic in topics:
        table.add_row(topic.name, str(topic.partitions), f"{topic.records:,}")
    return table


def groups_table(groups: Iterable[GroupState]) -> Table:
    """One row a consumer group; lag is listed for the partitions that have some."""
    table = Table(title="Consumer groups", title_justify="left", box=None, pad_edge=False)
    for heading in ("group", "state", "members", "lag", "behind in"):
        table.add_column(heading, justify="right" if heading == "lag" else "left")
    for group in groups:
        behind = ", ".join(f"{p.topic}/{p.partition}: {p.lag:,}" for p in group.partitions if p.lag)
        table.add_row(group.name, group.state, ", ".join(group.members), f"{group.lag:,}", behind)
    return table
