"""Holds triggers against the beats that call for them, and the stores against both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from clickhouse_connect.driver import Client

from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks.clickhouse_sink import ClickHouseDestination
from processors.triggers import Rules, SourceTriggers
from schemas import topics
from schemas.events import Origin
from schemas.rhythm import Beat, ErrorEvent, Section, Trigger
from streams.groups import group_of
from streams.triggers import NAME as TRIGGERS_STAGE

from .inputs import TopicAudit
from .progress import is_done, passed
from .stores import StoreAudit

KEYS = {
    "beats": "SELECT source_id, session_id, toString(number) FROM beats FINAL",
    "triggers": "SELECT key FROM triggers FINAL",
    "error_events": "SELECT trigger_key, toString(part) FROM error_events FINAL",
}
"""Table to a statement that gives the name of each row."""

Name = tuple[str, ...]


@dataclass(slots=True)
class Rhythm:
    """What the topics hold.

    Attributes:
        events: how often each event is there, by table and name.
        called_for: the triggers that beats call for which their worker has passed.
        to_come: those of the beats that it has not passed yet.
    """

    events: dict[str, Counter[Name]] = field(default_factory=lambda: {table: Counter() for table in KEYS})
    called_for: set[Name] = field(default_factory=set)
    to_come: set[Name] = field(default_factory=set)


def read_rhythm(settings: Settings, codec: EventCodec) -> Rhythm:
    """Read beats, sections, triggers and error events to their ends.

    What was passed is taken first, so the triggers of what was passed are always seen.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError: something does not answer.
        RulesError: the rules in force cannot be used.
    """
    rhythm = Rhythm()
    sources: dict[str, SourceTriggers] = {}
    rules = Rules.load(settings.triggers.rules)
    passed_by = passed(settings, group_of(TRIGGERS_STAGE), topics.BEATS.name)
    beats: list[tuple[Beat, Origin]] = []
    wanted = [topics.BEATS.name, topics.SECTIONS.name, topics.TRIGGERS.name, topics.ERROR_EVENTS.name]
    with EventReader(settings, codec, wanted) as reader:
        for received in reader.to_end():
            match received.event:
                case Beat() as beat:
                    rhythm.events["beats"][beat.source_id, beat.session_id, str(beat.number)] += 1
                    beats.append((beat, received.origin))
                case Section() as section:
                    sources.setdefault(section.source_id, SourceTriggers(rules)).hear_section(section)
                case Trigger() as trigger:
                    rhythm.events["triggers"][(trigger.key,)] += 1
                case ErrorEvent() as error:
                    rhythm.events["error_events"][error.trigger_key, str(error.part)] += 1
    for beat, origin in beats:
        triggers = sources.setdefault(beat.source_id, SourceTriggers(rules))
        triggers.recall_beat(beat)  # retention may have taken what came before
        names = {(shot.key,) for shot in triggers.hear(beat)}
        if origin.offset < passed_by[origin.partition]:
            rhythm.called_for |= names
        else:
            rhythm.to_come |= names
    return rhythm


def sum_rhythm(rhythm: Rhythm) -> dict[str, TopicAudit]:
    """The sums of ``beats`` (answered by triggers), ``triggers`` and ``error-events``."""
    issued = set(rhythm.events["triggers"])
    sums = {topic.name: _sum(rhythm.events[table]) for topic, table in _TABLES.items()}
    beats = sums[topics.BEATS.name]
    beats.lost, beats.waiting = len(rhythm.called_for - issued), len(rhythm.to_come - issued)
    return sums


def audit_rhythm_store(settings: Settings, rhythm: Rhythm) -> StoreAudit:
    """Whether ClickHouse holds each event once.

    Raises:
        ClickHouseUnavailableError: it does not answer.
    """
    audit = StoreAudit()
    client = clickhouse_client(settings)
    try:
        for topic, table in _TABLES.items():
            done = is_done(settings, group_of(ClickHouseDestination.name), topic.name)
            wanted = set(rhythm.events[table])
            held = _held(client, table) if wanted else []
            audit.expected += len(wanted)
            audit.missing(len(wanted - set(held)), done)
            audit.duplicated += len(held) - len(set(held))
    finally:
        client.close()
    return audit


_TABLES = {topics.BEATS: "beats", topics.TRIGGERS: "triggers", topics.ERROR_EVENTS: "error_events"}


def _sum(events: Counter[Name]) -> TopicAudit:
    return TopicAudit(records=events.total(), answered=len(events), repeated=events.total() - len(events))


def _held(client: Client, table: str) -> list[Name]:
    if not client.command(f"EXISTS TABLE {table}"):
        return []
    return [tuple(row) for row in client.query(KEYS[table]).result_rows]
