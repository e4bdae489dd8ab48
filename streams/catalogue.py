"""The catalogue worker: applies the topic of works to the index on disk.

No Faust and no consumer group: the offsets applied so far are written into the catalogue's manifest in the same step
as the works, so each event counts exactly once, whatever is killed meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from tenacity import Retrying, sleep_using_event, stop_when_event_set

from connectors.blob_store import BlobStore
from connectors.dead_letters import dead_letter
from connectors.kafka_client import client_config
from connectors.music_limits import midi_limits
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from processors.identify import Catalogue, WorkEntry
from processors.identify.builder import warm_up
from processors.midi import BadMusicError, read_score
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import DeadLetter, Work

from .catalogue_view import open_or_create
from .groups import group_of
from .later import LATER, retry_later
from .payload import PayloadError, payload
from .records import Record

STAGE = "catalogue"
BATCH_MAX = 200
POLL_S = 0.1
"""How long a batch gathers; bounds how late a new work is found."""

log = structlog.get_logger(__name__)


def position_key(topic: str, partition: int) -> str:
    """The name of a partition among the catalogue's positions."""
    return f"{topic}/{partition}"


class CatalogueUpdater:
    """Applies batches of records of the topic ``catalogue`` to the index on disk.

    Raises:
        CatalogueError: the catalogue on disk is damaged.
    """

    def __init__(self, settings: Settings, codec: EventCodec, telemetry: Telemetry | None = None) -> None:
        telemetry = telemetry or Telemetry.untold()
        self._stage = telemetry.stage(STAGE)
        self._works = telemetry.metrics.works
        self._codec = codec
        self._producer = EventProducer(settings, codec)
        self._limits = settings.limits
        self._folder = settings.catalogue_dir
        self._blobs = BlobStore(settings)
        self._midi_limits = midi_limits(settings.limits)
        catalogue = open_or_create(self._folder)
        self._works.set(len(catalogue))
        self.positions = dict(catalogue.positions)
        warm_up()

    def apply(self, records: Sequence[Record]) -> None:
        """Put the works of ``records`` into the index, take out those with a tombstone, and note the new positions.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: nothing has been applied; try again later.
            DeliveryError: a dead letter could not be delivered, and nothing has been applied.
            CatalogueError: another program writes the catalogue, or the disk refuses.
        """
        started = time.perf_counter()
        works: dict[str, WorkEntry | None] = {}
        letters: list[DeadLetter] = []
        for record in records:
            try:
                works |= self._change(record)
            except UndecodableError as error:
                letters.append(self._letter(record, "undecodable", str(error)))
            except (BadMusicError, PayloadError) as error:
                letters.append(self._letter(record, error.type, str(error)))
        for letter in letters:
            self._producer.send(topics.DEAD_LETTERS.name, letter)
        self._producer.flush()
        for letter in letters:
            self._stage.sent(topics.DEAD_LETTERS.name, letter)
        applied = {position_key(record.topic, record.partition): record.offset + 1 for record in records}
        added = [entry for entry in works.values() if entry is not None]
        removed = [work_id for work_id, entry in works.items() if entry is None]
        catalogue = Catalogue.update(self._folder, added, removed, applied)
        self._works.set(len(catalogue))
        self._stage.count.makes_with(catalogue.version)
        self._stage.count.computed(time.perf_counter() - started)
        log.info(
            "catalogue updated", added=len(added), removed=len(removed), refused=len(letters), works=len(catalogue)
        )

    def _change(self, record: Record) -> dict[str, WorkEntry | None]:
        if record.value is None:
            if record.key is None:
                raise UndecodableError("The record has neither a key nor a value, so it names no work.")
            return {record.key.decode("utf-8", "replace"): None}
        work = self._codec.decode(record.topic, record.value)
        assert isinstance(work, Work)
        score = read_score(payload(work, self._blobs), self._midi_limits)
        entry = WorkEntry(
            work.work_id, work.title, work.composer, work.path, score.notes, work.licence, score.beats, score.parts
        )
        return {work.work_id: entry}

    def _letter(self, record: Record, error_type: str, message: str) -> DeadLetter:
        return dead_letter(
            record.origin,
            record.key,
            record.value,
            stage=STAGE,
            error_type=error_type,
            message=message,
            limits=self._limits,
        )


def run(settings: Settings, stop: threading.Event, telemetry: Telemetry | None = None) -> None:
    """Apply the topic until ``stop`` is set.

    Args:
        telemetry: told of what happens.

    Raises:
        CatalogueError, DeliveryError: see ``CatalogueUpdater``; whoever supervises the process starts it again.
        KafkaException: the brokers refuse for good.
    """
    consumer = Consumer(
        client_config(settings)
        | {
            "group.id": group_of(STAGE),  # demanded by the client; positions are the manifest's
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    codec = EventCodec(settings)
    telemetry = telemetry or Telemetry.untold()
    stage = telemetry.stage(STAGE)
    retrying = Retrying(sleep=sleep_using_event(stop), stop=stop_when_event_set(stop), **retry_later(stage))
    try:
        updater = CatalogueUpdater(settings, codec, telemetry)
        name = topics.CATALOGUE.name
        consumer.assign(
            [
                TopicPartition(name, partition, updater.positions.get(position_key(name, partition), 0))
                for partition in range(topics.CATALOGUE.partitions)
            ]
        )
        stage.assigned()
        while not stop.is_set():
            stage.pulse.beat()
            records = _take(consumer)
            if records:
                stage.count.taken(record.timestamp_s for record in records)
                retrying(updater.apply, records)
                stage.going_on()
                stage.count.delivered(record.timestamp_s for record in records)
    except LATER:
        log.info("stopped while waiting; the records are applied after the next start")
    finally:
        consumer.close()


def _take(consumer: Consumer) -> list[Record]:
    records = []
    for message in consumer.consume(BATCH_MAX, POLL_S):
        error = message.error()
        if error is None:
            records.append(Record.of_confluent(message))
        elif error.fatal():
            raise KafkaException(error)
        else:
            log.warning("waiting", reason=error.str())
    return records
