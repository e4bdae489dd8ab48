"""Works onto the catalogue topic, from which every worker keeps its index."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.blob_store import BlobStore
from connectors.importers import ImportedWork
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.events import Work
from schemas.topics import CATALOGUE

SOURCE_ID = "catalogue-importer"


def publish_works(works: Iterable[ImportedWork], removed: Iterable[str], settings: Settings) -> None:
    """Publish works, then a tombstone for each id in ``removed``; ends when the brokers have them all.

    A work over ``blobs.inline_max_bytes`` goes into the blob store, and its claim check onto the topic.

    Raises:
        KafkaUnavailableError, DeliveryError: the brokers do not answer, or have not taken all of them.
        RegistryError: the schema cannot be registered.
        BlobError: a large work cannot be stored.
    """
    blobs = BlobStore(settings)
    with EventProducer(settings, EventCodec(settings)) as producer:
        producer.require(CATALOGUE.name)
        for work in works:
            producer.send(CATALOGUE.name, work_event(work, blobs, settings.blobs.inline_max_bytes))
        for work_id in removed:
            producer.send_tombstone(CATALOGUE.name, work_id)


def work_event(work: ImportedWork, blobs: BlobStore, inline_max_bytes: int) -> Work:
    """The event of a work, its score inline or in the blob store."""
    inline = len(work.midi) <= inline_max_bytes
    return Work(
        source_id=SOURCE_ID,
        work_id=work.work_id,
        title=work.title,
        composer=work.composer,
        path=work.path,
        licence=work.licence,
        data=work.midi if inline else None,
        blob=None if inline else blobs.put(work.midi),
    )
