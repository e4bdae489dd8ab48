"""A source's answers out of ClickHouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import cast

from clickhouse_connect.driver import Client

from processors.played import Heard, Status

ANSWERS = """
SELECT
    created_at, kind, status, work_id, title, composer, confidence, ref_start_s, ref_end_s, error_type,
    time_s, latency_ms
FROM matches FINAL
WHERE source_id = {source:String} AND created_at >= {since:DateTime64(6, 'UTC')}
    AND created_at < {until:DateTime64(6, 'UTC')}
ORDER BY created_at, origin_offset
"""


def answers_of(client: Client, source: str, since: datetime, until: datetime) -> Iterator[Heard]:
    """The answers given in a period, which have been heard a moment before.

    Raises:
        ClickHouseError: ClickHouse refuses, or is away.
    """
    parameters = {"source": source, "since": since.astimezone(UTC), "until": until.astimezone(UTC)}
    with client.query_row_block_stream(ANSWERS, parameters) as blocks:
        for block in blocks:
            yield from (_heard(*row) for row in block)


def _heard(
    created_at: datetime,
    kind: str,
    status: str,
    work_id: str,
    title: str,
    composer: str,
    confidence: float,
    ref_start_s: float,
    ref_end_s: float,
    error: str,
    time_s: float,
    latency_ms: float,
) -> Heard:
    end_s = created_at.replace(tzinfo=UTC).timestamp() - latency_ms / 1000.0
    length_s = time_s if kind == "clip" else 0.0  # a clip is published when it has been played
    return Heard(
        begin_s=end_s - length_s,
        end_s=end_s,
        status=cast(Status, status),
        work_id=work_id,
        title=title,
        composer=composer,
        confidence=confidence,
        ref_start_s=ref_start_s,
        ref_end_s=ref_end_s,
        error=error,
    )
