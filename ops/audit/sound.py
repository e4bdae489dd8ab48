"""Holds the clips that want their instruments against what was heard in them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from connectors.clickhouse_client import clickhouse_client
from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.sinks.clickhouse_sink import ClickHouseDestination
from schemas import topics
from schemas.events import Clip, DeadLetter, Origin
from schemas.sound import Instrumentation, Spectra
from streams.groups import DETECT, group_of
from streams.preprocess import STAGE as PREPROCESS
from streams.wants import INSTRUMENTS

from .inputs import TopicAudit, oldest_ms
from .progress import is_done, passed
from .stores import StoreAudit

NAME = "clips, instruments"
HELD = "SELECT origin_partition, origin_offset FROM instruments FINAL"


@dataclass(slots=True)
class Sound:
    """What the topics hold.

    Attributes:
        wanted: the clips that want their instruments.
        passed: of them, those that every agent on the way has acknowledged.
        answers: how often each clip is answered.
        refused: the clips that were refused.
    """

    wanted: set[Origin] = field(default_factory=set)
    passed: set[Origin] = field(default_factory=set)
    answers: Counter[Origin] = field(default_factory=Counter)
    refused: set[Origin] = field(default_factory=set)


def read_sound(settings: Settings, codec: EventCodec) -> Sound:
    """Read clips and instruments to their ends.

    What was passed is taken first, so an answer to it is always seen. Clips older than the oldest answer that is kept
    are left out.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError: something does not answer.
    """
    sound = Sound()
    unjudged: set[Origin] = set()
    passed_by = passed(settings, group_of(PREPROCESS), topics.CLIPS.name)
    all_judged = is_done(settings, group_of(DETECT), topics.SPECTRA.name)
    since_ms = oldest_ms(settings, topics.INSTRUMENTS.name)
    with EventReader(settings, codec, [topics.CLIPS.name, topics.INSTRUMENTS.name, topics.DEAD_LETTERS.name]) as reader:
        for received in reader.to_end():
            place = received.origin
            match received.event:
                case Clip(wants=wants) if INSTRUMENTS in wants and received.timestamp_ms >= since_ms:
                    sound.wanted.add(place)
                    if all_judged and place.offset < passed_by.get(place.partition, 0):
                        sound.passed.add(place)
                case Instrumentation(origin=origin):
                    sound.answers[origin] += 1
                case DeadLetter(origin=origin, stage=stage) if stage == PREPROCESS:
                    sound.refused.add(origin)
                case DeadLetter(origin=origin, stage=stage) if stage == DETECT:
                    unjudged.add(origin)
    sound.refused |= _clips_of(unjudged, settings, codec)
    return sound


def _clips_of(spectra: set[Origin], settings: Settings, codec: EventCodec) -> set[Origin]:
    """Which clips the spectra at these places were made of."""
    if not spectra:
        return set()
    with EventReader(settings, codec, [topics.SPECTRA.name]) as reader:
        found = (received.event for received in reader.to_end() if received.origin in spectra)
        return {event.origin for event in found if isinstance(event, Spectra)}


def sum_sound(sound: Sound) -> dict[str, TopicAudit]:
    """The sums of the clips that want their instruments."""
    answered = sound.wanted & set(sound.answers)
    missing = sound.wanted - answered - sound.refused
    audit = TopicAudit(
        records=len(sound.wanted),
        answered=len(answered),
        dead_letters=len(sound.wanted & sound.refused),
        waiting=len(missing - sound.passed),
        lost=len(missing & sound.passed),
        repeated=sum(sound.answers[origin] - 1 for origin in answered),
    )
    return {NAME: audit}


def audit_sound_store(settings: Settings, sound: Sound) -> StoreAudit:
    """Whether ClickHouse holds each clip's instruments once.

    Raises:
        ClickHouseUnavailableError: it does not answer.
    """
    wanted = {(origin.partition, origin.offset) for origin in sound.wanted & set(sound.answers)}
    audit = StoreAudit(expected=len(wanted))
    if not wanted:
        return audit
    done = is_done(settings, group_of(ClickHouseDestination.name), topics.INSTRUMENTS.name)
    client = clickhouse_client(settings)
    try:
        held = (
            [tuple(row) for row in client.query(HELD).result_rows] if client.command("EXISTS TABLE instruments") else []
        )
    finally:
        client.close()
    audit.missing(len(wanted - set(held)), done)
    audit.duplicated = len(held) - len(set(held))
    return audit
