"""Holds what Redis and ClickHouse keep against the results on Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import orjson
import redis

from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks import redis_keys
from connectors.sinks.base import GROUP_PREFIX
from connectors.sinks.clickhouse_sink import ClickHouseDestination
from connectors.sinks.redis_sink import RedisDestination
from schemas import topics
from schemas.events import Match, now_us

from .inputs import RESULTS, Ledgers
from .progress import is_done

BATCH = 500
EXPIRY_MARGIN_S = 60

OFFSETS = """
SELECT origin_offset FROM matches FINAL
WHERE origin_topic = {topic:String} AND origin_partition = {partition:Int32}
  AND origin_offset BETWEEN {first:Int64} AND {last:Int64}
"""


@dataclass(slots=True)
class StoreAudit:
    """What a store holds.

    Attributes:
        expected: results that it should hold.
        waiting: of them, those that it does not hold while its sink has more to write.
        lost: those that it does not hold although its sink is done.
        duplicated: results that it holds more than once.
    """

    expected: int = 0
    waiting: int = 0
    lost: int = 0
    duplicated: int = 0

    def missing(self, count: int, sink_is_done: bool) -> None:
        """Results are not there."""
        if sink_is_done:
            self.lost += count
        else:
            self.waiting += count


def audit_clickhouse(settings: Settings, ledgers: Ledgers) -> StoreAudit:
    """Whether the table of matches holds one row for each answered input.

    Raises:
        ClickHouseUnavailableError: it does not answer.
    """
    audit = StoreAudit()
    written = is_done(settings, GROUP_PREFIX + ClickHouseDestination.name, topics.MATCHES.name)
    client = clickhouse_client(settings)
    try:
        for (topic, partition), ledger in ledgers.items():
            if RESULTS[topic] != topics.MATCHES.name:
                continue
            wanted = ledger.answered()
            if len(wanted):
                span = {"topic": topic, "partition": partition, "first": int(wanted[0]), "last": int(wanted[-1])}
                held = np.array([row[0] for row in client.query(OFFSETS, span).result_rows], np.int64)
                audit.expected += len(wanted)
                audit.missing(len(np.setdiff1d(wanted, held)), written)
                audit.duplicated += len(held) - len(np.unique(held))
    finally:
        client.close()
    return audit


def audit_redis(settings: Settings, codec: EventCodec) -> StoreAudit:
    """Whether each clip has its answer and each source its latest one, and no source's stream repeats an answer.

    Answers that have expired, or soon will, are left out.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError, redis.RedisError: something does not answer.
    """
    audit = StoreAudit()
    sources: set[str] = set()
    with (
        redis.Redis.from_url(settings.redis_url, socket_timeout=settings.redis.timeout_s) as client,
        EventReader(settings, codec, [topics.MATCHES.name]) as reader,
    ):
        written = is_done(
            settings, GROUP_PREFIX + RedisDestination.name, topics.MATCHES.name
        )  # after the reader has fixed what it reads
        fresh = _fresh_matches(reader, settings.redis.answer_expiry_s - EXPIRY_MARGIN_S)
        while matches := list(islice(fresh, BATCH)):
            sources |= {match.source_id for match in matches}
            names = [redis_keys.clip(match.clip_id) for match in matches if match.clip_id]
            audit.expected += len(names)
            audit.missing(_absent(client, names), written)
        audit.expected += len(sources)
        audit.missing(_absent(client, [redis_keys.answer(source) for source in sources]), written)
        for source in sources:
            audit.duplicated += _repeats(client, redis_keys.answers(source))
    return audit


def _fresh_matches(reader: EventReader, max_age_s: float) -> Iterator[Match]:
    since_us = now_us() - max_age_s * 1_000_000
    for received in reader.to_end():
        if isinstance(received.event, Match) and received.event.created_at > since_us:
            yield received.event


def _absent(client: redis.Redis, names: list[str]) -> int:
    """How many of the keys are not there."""
    with client.pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.exists(name)
        return pipeline.execute().count(0)


def _repeats(client: redis.Redis, stream: str) -> int:
    entries: Any = client.xrange(stream)
    ids = [orjson.loads(fields[b"match"])["event_id"] for _, fields in entries]
    return len(ids) - len(set(ids))
