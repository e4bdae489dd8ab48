"""The consumer of ``frames`` that runs the quantised network: read, infer, write and commit in one transaction.

What it writes is seen when its input counts as read, and not before: exactly once, whatever is killed. The state of
each source is in the headers of its activations; see ``places``.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Sequence

import structlog
from confluent_kafka import Consumer, KafkaException, Message, Producer, TopicPartition

from connectors.dead_letters import dead_letter
from connectors.frame_runs import NAME, FrameRuns, Heard, Place, check_frames
from connectors.kafka_client import client_config
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry import Telemetry
from connectors.tracing import headers_with
from fpga.engines.engine import Engine
from fpga.engines.failover import FailoverEngine
from fpga.engines.network import EngineNetwork
from schemas.codec import UndecodableError
from schemas.events import Event, Origin
from schemas.rhythm import Frames
from schemas.topics import ACTIVATIONS, DEAD_LETTERS, FRAMES, TOPICS

from .places import HEADER, Places, pack

GROUP = "continuo-fpga"
IDLE_S = 0.1
TIMEOUT_S = 30.0

log = structlog.get_logger(__name__)


class FpgaConsumer:
    """One consumer of the group; several share the partitions.

    Args:
        codec: its schemas are registered.
        engine: what runs the network.
        telemetry: told of what happens.
    """

    def __init__(self, settings: Settings, codec: EventCodec, engine: Engine, telemetry: Telemetry) -> None:
        self._settings = settings
        self._codec = codec
        self._engine = engine
        self._metrics = telemetry.metrics
        self._stage = telemetry.stage(NAME)
        self._network = EngineNetwork(engine)
        self._runs = FrameRuns(self._network, settings.fpga.max_sources, settings.rhythm.readback_s)
        self._places = Places(settings, engine.version, engine.state_size)
        self._read: set[int] = set()  # partitions whose places are known
        self._moved = False  # partitions changed hands during the latest poll
        self._failovers = 0
        name = settings.kafka.instance_id or f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        static = {"group.instance.id": settings.kafka.instance_id} if settings.kafka.instance_id else {}
        self._consumer = Consumer(
            client_config(settings)
            | {
                "group.id": GROUP,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
                "session.timeout.ms": int(settings.kafka.session_timeout_s * 1000),
                "queued.max.messages.kbytes": settings.kafka.queue_max_bytes >> 10,
                "fetch.wait.max.ms": 50,
            }
            | static
        )
        self._producer = Producer(
            client_config(settings)
            | {
                "transactional.id": f"{GROUP}-{name}",  # the same after a restart: ends what a killed one began
                "transaction.timeout.ms": int(settings.fpga.transaction_timeout_s * 1000),
                "partitioner": "murmur2_random",
                "linger.ms": 0,
                "message.max.bytes": max(topic.max_message_bytes for topic in TOPICS),
                "queue.buffering.max.messages": settings.kafka.queue_max_records,
                "queue.buffering.max.kbytes": settings.kafka.queue_max_bytes >> 10,
            }
        )

    def run(self, stop: threading.Event) -> None:
        """Run until ``stop`` is set.

        Raises:
            KafkaException: the brokers refuse for good, or another process took this one's name.
            EngineError: the engine does not answer, and nothing stands in for it.
            PlacesUnavailableError: the states cannot be read; whoever supervises the process starts it again.
        """
        self._producer.init_transactions(TIMEOUT_S)
        self._consumer.subscribe(
            [FRAMES.name], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )
        self._stage.count.makes_with(self._engine.version)
        try:
            while not stop.is_set():
                self._stage.pulse.beat()
                messages = self._take()
                if messages:
                    self._transact(messages)
        finally:
            self._consumer.close()
            self._places.close()
            self._engine.close()

    def _take(self) -> list[Message]:
        messages = [self._consumer.poll(IDLE_S)]
        if messages[0] is not None:
            messages += self._consumer.consume(self._settings.fpga.batch_records - 1, 0.0)
        taken = []
        for message in messages:
            error = message.error() if message is not None else None
            if error is not None and error.fatal():
                raise KafkaException(error)
            if error is not None:
                log.warning("waiting for Kafka", reason=error.str())
            elif message is not None:
                taken.append(message)
        if self._moved:
            self._moved = False
            if taken:  # among them may be records of partitions that another has now, or that come again
                self._rewind()
            return []
        return taken

    def _transact(self, messages: Sequence[Message]) -> None:
        """All that follows from some records, and that they are read, or nothing of it."""
        sent_s = [message.timestamp()[1] / 1000.0 for message in messages]
        self._stage.count.taken(sent_s)
        self._stage.count.in_flight(len(messages))
        self._know_places(messages)
        self._producer.begin_transaction()
        try:
            for topic, event, place in self._answers(messages):
                self._send(topic, event, place)
            ends = {(m.topic(), m.partition()): (m.offset() or 0) + 1 for m in messages}
            self._producer.send_offsets_to_transaction(
                [TopicPartition(str(topic), int(partition or 0), end) for (topic, partition), end in ends.items()],
                self._consumer.consumer_group_metadata(),
                TIMEOUT_S,
            )
            self._commit()
        except KafkaException as error:
            if not error.args[0].txn_requires_abort():
                raise
            log.warning("a transaction was given up; its records are read again", reason=error.args[0].str())
            self._producer.abort_transaction(TIMEOUT_S)
            self._rewind()
            return
        finally:
            self._stage.count.in_flight(0)
        self._stage.count.delivered(sent_s)

    def _commit(self) -> None:
        while True:
            try:
                self._producer.commit_transaction(TIMEOUT_S)
                return
            except KafkaException as error:
                if not error.args[0].retriable():
                    raise

    def _answers(self, messages: Sequence[Message]) -> list[tuple[str, Event, Place | None]]:
        heard: list[Heard] = []
        answers: list[tuple[str, Event, Place | None]] = []
        for message in messages:
            origin = _origin(message)
            try:
                event = self._codec.decode(FRAMES.name, message.value() or b"")
                assert isinstance(event, Frames)
                check_frames(event)
                heard.append(Heard(origin, message.timestamp()[1] / 1000.0, event))
            except UndecodableError as error:
                letter = dead_letter(
                    origin, message.key(), message.value(),
                    stage=NAME, error_type="undecodable", message=str(error), limits=self._settings.limits,
                )  # fmt: skip
                answers.append((DEAD_LETTERS.name, letter, None))
        began = time.perf_counter()
        made = self._runs.hear(heard)
        self._stage.count.computed(time.perf_counter() - began)
        for activations, _ in made:
            self._metrics.frames.labels(activations.engine).inc(len(activations.times_s))
        if isinstance(self._engine, FailoverEngine) and self._engine.failovers > self._failovers:
            self._metrics.failovers.inc(self._engine.failovers - self._failovers)
            self._failovers = self._engine.failovers
        return answers + [(ACTIVATIONS.name, activations, place) for activations, place in made]

    def _send(self, topic: str, event: Event, place: Place | None) -> None:
        headers: list[tuple[str, str | bytes | None]] = [*(headers_with(event.trace_context) or [])]
        if place is not None:
            headers.append((HEADER, pack(place, self._engine.version)))
        value, key = self._codec.encode(topic, event), event.source_id.encode()
        while True:
            try:
                self._producer.produce(topic, value, key, headers=headers)
                break
            except BufferError:
                self._producer.poll(IDLE_S)
        self._stage.count.sent(topic, event)

    def _know_places(self, messages: Sequence[Message]) -> None:
        """Before a partition's first record since it was assigned: where its sources were."""
        for message in messages:
            partition = message.partition() or 0
            if partition not in self._read:
                found = self._places.of_partition(partition, message.timestamp()[1] / 1000.0)
                for source_id, place in found.items():
                    self._runs.put(source_id, place)
                self._read.add(partition)

    def _rewind(self) -> None:
        """Read on from what is committed, with the states from there."""
        self._forget()
        places = self._consumer.committed(self._consumer.assignment(), timeout=TIMEOUT_S)
        self._consumer.assign(places)

    def _assigned(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget()
        self._moved = True
        self._stage.assigned()

    def _revoked(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._forget()
        self._moved = True
        self._stage.revoked()

    def _forget(self) -> None:
        self._runs.clear()
        self._read.clear()


def _origin(message: Message) -> Origin:
    return Origin(message.topic() or "", message.partition() or 0, message.offset() or 0)
