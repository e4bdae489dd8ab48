"""The ClickHouse sink: the history of answers, dead letters and works, for those who ask with SQL."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import DataError

from connectors.clickhouse_client import ERRORS, ClickHouseUnavailableError, clickhouse_client, first_line
from connectors.consumer import Received
from connectors.settings import Settings
from schemas import topics
from schemas.events import DeadLetter, Match

from .base import DestinationUnavailableError, RefusedError, Sink
from .clickhouse_columns import Columns, dead_letter_columns, match_columns, work_columns
from .clickhouse_schema import migrate
from .rhythm_columns import TABLES, event_columns


class ClickHouseDestination:
    """Inserts into the tables of ``clickhouse/*.sql``; repeated rows replace themselves."""

    name = "clickhouse-sink"
    topics: tuple[str, ...] = (topics.MATCHES.name, topics.DEAD_LETTERS.name, topics.CATALOGUE.name, *TABLES)

    def __init__(self, settings: Settings) -> None:
        self.batch_rows = settings.clickhouse.batch_rows
        self.batch_interval_s = settings.clickhouse.batch_interval_s
        self._settings = settings
        self._client: Client | None = None
        self._types: dict[str, dict[str, str]] = {}

    def prepare(self) -> None:
        """Connect and migrate the tables; see ``Destination``."""
        self.close()
        try:
            self._client = clickhouse_client(self._settings)
            migrate(self._client, self._settings.clickhouse.retention_days)
        except ClickHouseUnavailableError as error:
            raise DestinationUnavailableError(str(error)) from error
        except ERRORS as error:
            raise _unavailable(error) from error

    def write(self, batch: Sequence[Received]) -> None:
        """Insert a batch, one statement a table; see ``Destination``."""
        matches = [received.event for received in batch if isinstance(received.event, Match)]
        letters = [received.event for received in batch if isinstance(received.event, DeadLetter)]
        works = [received for received in batch if received.origin.topic == topics.CATALOGUE.name]
        if matches:
            self._insert("matches", match_columns(matches))
        if letters:
            self._insert("dead_letters", dead_letter_columns(letters))
        if works:
            self._insert("works", work_columns(works))
        for topic, table in TABLES.items():
            events = [received.event for received in batch if received.origin.topic == topic and received.event]
            if events:
                self._insert(table, event_columns(events))

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            self._types = {}

    def _insert(self, table: str, columns: Columns) -> None:
        assert self._client is not None, "prepare() comes first"
        try:
            if table not in self._types:
                described = self._client.query(f"DESCRIBE TABLE {table}").result_rows
                self._types[table] = {row[0]: row[1] for row in described}
            self._client.insert(
                table,
                list(columns.values()),
                column_names=list(columns),
                column_type_names=[self._types[table][name] for name in columns],
                column_oriented=True,
            )
        except DataError as error:
            raise RefusedError(f"The record does not fit the table {table}: {error}") from error
        except ERRORS as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> DestinationUnavailableError:
    return DestinationUnavailableError(
        f"ClickHouse does not take the rows: {type(error).__name__}: {first_line(error)}"
    )


def run(settings: Settings, stop: threading.Event) -> None:
    """Write the topics into ClickHouse until ``stop`` is set; raises as ``Sink.run``."""
    Sink(settings, ClickHouseDestination(settings)).run(stop)
