"""The tables in ClickHouse: numbered files of statements, each applied once."""

from __future__ import annotations

import re
from importlib import resources

from clickhouse_connect.driver import Client

FILE = re.compile(r"(\d{3})_(\w+)\.sql")
EXPIRING = ("matches", "dead_letters", "beats", "sections", "triggers", "error_events", "instruments")
VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_versions
(
    version UInt32,
    name String,
    applied_at DateTime('UTC') DEFAULT now('UTC')
)
ENGINE = ReplacingMergeTree ORDER BY version
"""


def migrate(client: Client, retention_days: int) -> None:
    """Bring the database up to this version, whatever version it has; safe to repeat and to run twice at once.

    Args:
        client: connected to the database.
        retention_days: how long everything but works is kept; 0 for ever.
    """
    client.command(VERSIONS)
    applied = {row[0] for row in client.query("SELECT version FROM schema_versions").result_rows}
    for version, name, statements in migrations():
        if version not in applied:
            for statement in statements:
                client.command(statement)
            client.insert("schema_versions", [[version, name]], column_names=["version", "name"])
    for table in EXPIRING:
        _expire(client, table, retention_days)


def migrations() -> list[tuple[int, str, list[str]]]:
    """All migrations in order: version, name, statements."""
    found = []
    for file in resources.files(__package__).joinpath("clickhouse").iterdir():
        name = FILE.fullmatch(file.name)
        if name:
            statements = [statement.strip() for statement in file.read_text("utf-8").split(";\n")]
            found.append((int(name[1]), name[2], [statement for statement in statements if statement]))
    return sorted(found)


def _expire(client: Client, table: str, days: int) -> None:
    engine = client.query(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}",
        {"table": table},
    ).result_rows[0][0]
    wanted = f"toDateTime(created_at) + toIntervalDay({days})"
    if days and wanted not in engine:
        client.command(f"ALTER TABLE {table} MODIFY TTL {wanted}")
    elif not days and " TTL " in engine:
        client.command(f"ALTER TABLE {table} REMOVE TTL")
