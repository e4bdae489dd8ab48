"""Holds the topic of works against the index on disk."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.identify import Catalogue, CatalogueError
from schemas import topics
from schemas.events import DeadLetter, Origin
from streams.catalogue import position_key

from .inputs import TopicAudit


def audit_works(settings: Settings, codec: EventCodec) -> TopicAudit:
    """Whether the index holds every work of the topic, and none that was taken out.

    Only the newest record of a work counts; one that was refused leaves the index as it was.

    Raises:
        KafkaUnavailableError, RegistryUnavailableError: something does not answer.
    """
    try:
        catalogue = Catalogue.open(settings.catalogue_dir)
        held, positions = {work.work_id for work in catalogue.works()}, catalogue.positions
    except CatalogueError:
        held, positions = set(), {}
    refused = _refused(settings, codec)
    sums = TopicAudit()
    newest: dict[bytes, tuple[Origin, bool]] = {}
    with EventReader(settings, codec, [topics.CATALOGUE.name]) as reader:
        for received in reader.to_end():
            is_tombstone = received.event is None and received.problem is None
            newest[received.key or b""] = (received.origin, is_tombstone)
            sums.records += 1
            sums.dead_letters += received.origin in refused
            sums.waiting += not _is_applied(received.origin, positions)
    for key, (origin, is_tombstone) in newest.items():
        if _is_applied(origin, positions) and origin not in refused:
            is_right = (key.decode("utf-8", "replace") in held) != is_tombstone
            sums.answered += is_right
            sums.lost += not is_right
    return sums


def _is_applied(origin: Origin, positions: Mapping[str, int]) -> bool:
    return origin.offset < positions.get(position_key(origin.topic, origin.partition), 0)


def _refused(settings: Settings, codec: EventCodec) -> set[Origin]:
    with EventReader(settings, codec, [topics.DEAD_LETTERS.name]) as reader:
        return {
            received.event.origin
            for received in reader.to_end()
            if isinstance(received.event, DeadLetter) and received.event.origin.topic == topics.CATALOGUE.name
        }
