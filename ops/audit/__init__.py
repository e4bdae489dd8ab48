"""Counts whether everything that went in came out, once: on Kafka, in the index, in Redis and in ClickHouse."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas import topics

from .inputs import TopicAudit, read_ledgers, sum_topics
from .rhythm import audit_rhythm_store, read_rhythm, sum_rhythm
from .sound import audit_sound_store, read_sound, sum_sound
from .stores import StoreAudit, audit_clickhouse, audit_redis
from .works import audit_works

__all__ = ["Audit", "StoreAudit", "TopicAudit", "run_audit"]


@dataclass(frozen=True, slots=True)
class Audit:
    """What was counted, by input topic and by store."""

    topics: dict[str, TopicAudit]
    stores: dict[str, StoreAudit]

    @property
    def lost(self) -> int:
        """Inputs that were acknowledged without a result, and results that a store should hold and does not."""
        return sum(part.lost for part in self._parts)

    @property
    def waiting(self) -> int:
        """Inputs whose result, and results whose way into a store, is still to come."""
        return sum(part.waiting for part in self._parts)

    @property
    def _parts(self) -> list[TopicAudit | StoreAudit]:
        return [*self.topics.values(), *self.stores.values()]

    @property
    def duplicated(self) -> int:
        """Results that a store holds more than once."""
        return sum(store.duplicated for store in self.stores.values())

    def to_json(self) -> dict[str, Any]:
        """For programs: the sums, then each topic and store."""
        return {
            "lost": self.lost,
            "waiting": self.waiting,
            "duplicated": self.duplicated,
            "topics": {name: asdict(topic) for name, topic in self.topics.items()},
            "stores": {name: asdict(store) for name, store in self.stores.items()},
        }


def run_audit(settings: Settings, stores: bool = True) -> Audit:
    """Count everything, as it is now.

    Args:
        settings: where everything is.
        stores: hold Redis and ClickHouse against Kafka, too.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError, ClickHouseUnavailableError, redis.RedisError: something does
            not answer.
    """
    codec = EventCodec(settings)
    ledgers = read_ledgers(settings, codec)
    sound = read_sound(settings, codec)
    rhythm = read_rhythm(settings, codec)
    works = {topics.CATALOGUE.name: audit_works(settings, codec)}
    counted = sum_topics(ledgers) | sum_sound(sound) | works | sum_rhythm(rhythm)
    if not stores:
        return Audit(counted, {})
    return Audit(
        counted,
        {
            "redis": audit_redis(settings, codec),
            "clickhouse": audit_clickhouse(settings, ledgers),
            "clickhouse, instruments": audit_sound_store(settings, sound),
            "clickhouse, rhythm": audit_rhythm_store(settings, rhythm),
        },
    )
