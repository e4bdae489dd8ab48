"""The ClickHouse sink: the history of answers, dead letters and works, for those who ask with SQL."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import structlog
from clickhouse_connect.driver import Client
from clickhouse_connect.driver.exceptions import DataError

from connectors.batches import BatchReader, Records, container
from connectors.clickhouse_client import ERRORS, ClickHouseUnavailableError, clickhouse_client, first_line, is_refusal
from connectors.consumer import Received
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from schemas import topics
from schemas.events import DeadLetter, Match
from schemas.sound import Instrumentation

from .base import DestinationUnavailableError, RefusedError, Sink
from .clickhouse_columns import Columns, dead_letter_columns, instrument_columns, match_columns, work_columns
from .clickhouse_landing import landings
from .clickhouse_schema import migrate
from .rhythm_columns import TABLES, event_columns

BULK_FIELDS: dict[str, tuple[str, ...]] = dict.fromkeys((topics.MATCHES.name, *TABLES), ())

log = structlog.get_logger(__name__)


class ClickHouseDestination:
    """Inserts into the tables of ``clickhouse/*.sql``; repeated rows replace themselves.

    In bulk, ClickHouse decodes the records itself (``clickhouse_landing``); single records are decoded here.
    """

    name = "clickhouse-sink"
    topics: tuple[str, ...] = (
        topics.MATCHES.name,
        topics.DEAD_LETTERS.name,
        topics.CATALOGUE.name,
        topics.INSTRUMENTS.name,
        *TABLES,
    )

    def __init__(self, settings: Settings) -> None:
        self.batch_rows = settings.clickhouse.batch_rows
        self.batch_interval_s = settings.clickhouse.batch_interval_s
        self._settings = settings
        self.readers = {topic: BatchReader(topic, fields) for topic, fields in BULK_FIELDS.items()}
        self._client: Client | None = None
        self._types: dict[str, dict[str, str]] = {}
        self._landings: dict[str, str] = {}

    def prepare(self) -> None:
        """Connect, migrate the tables and make the landing tables; see ``Destination``."""
        self.close()
        try:
            self._client = clickhouse_client(self._settings)
            migrate(self._client, self._settings.clickhouse.retention_days)
            self._land(self._client)
        except ClickHouseUnavailableError as error:
            raise DestinationUnavailableError(str(error)) from error
        except ERRORS as error:
            raise _unavailable(error) from error

    def write(self, batch: Sequence[Received]) -> None:
        """Insert a batch, one statement a table; see ``Destination``."""
        matches = [received.event for received in batch if isinstance(received.event, Match)]
        letters = [received.event for received in batch if isinstance(received.event, DeadLetter)]
        sounds = [received.event for received in batch if isinstance(received.event, Instrumentation)]
        works = [received for received in batch if received.origin.topic == topics.CATALOGUE.name]
        if matches:
            self._insert("matches", match_columns(matches))
        if letters:
            self._insert("dead_letters", dead_letter_columns(letters))
        if sounds:
            self._insert("instruments", instrument_columns(sounds))
        if works:
            self._insert("works", work_columns(works))
        for topic, table in TABLES.items():
            events = [received.event for received in batch if received.origin.topic == topic and received.event]
            if events:
                self._insert(table, event_columns(events))

    def write_bulk(self, topic: str, records: Records) -> None:
        """Insert all of a topic's records as they are; see ``Destination``."""
        assert self._client is not None, "prepare() comes first"
        if topic not in self._landings:
            raise RefusedError("It has no landing table.")
        rows = container(records.schema, records.bodies(), len(records))
        try:
            self._client.raw_insert(self._landings[topic], insert_block=rows, fmt="Avro")
        except ERRORS as error:
            if is_refusal(error):
                raise RefusedError(first_line(error)) from error
            raise _unavailable(error) from error

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
            self._types = {}

    def _land(self, client: Client) -> None:
        for topic, landing in landings().items():
            try:
                for statement in landing.statements:
                    client.command(statement)
                self._landings[topic] = landing.table
            except ERRORS as error:
                if not is_refusal(error):
                    raise
                log.warning(
                    "this server takes rows only, which costs more", table=landing.table, reason=first_line(error)
                )

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


def run(settings: Settings, stop: threading.Event, telemetry: Telemetry | None = None) -> None:
    """Write the topics into ClickHouse until ``stop`` is set; raises as ``Sink.run``."""
    Sink(settings, ClickHouseDestination(settings), telemetry).run(stop)
