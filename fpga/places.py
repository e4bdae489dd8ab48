"""Where each source was, kept in the headers of the activations that took it there, and read again from them.

Activations and the offsets of their frames are committed in one transaction, so the newest activations of a source hold
its state after exactly the frames that count as read.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import numpy as np
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connectors.frame_runs import Place
from connectors.kafka_client import client_config
from connectors.settings import Settings
from schemas.topics import ACTIVATIONS

HEADER = "beat-state"
FORM = 1
_HEAD = struct.Struct("<BqdHH")
POLL_S = 0.2
OFFSETS_TIMEOUT_S = 10.0
BATCH = 1_000


class PlacesUnavailableError(RuntimeError):
    """The brokers do not give the places now; they may later."""


def pack(place: Place, version: str) -> bytes:
    """A place as a header; says which network's state it is."""
    session, network = place.session_id.encode(), version.encode()
    head = _HEAD.pack(FORM, place.next_frame, place.sent_s, len(session), len(network))
    return head + session + network + place.state.astype("<i2").tobytes()


def unpack(data: bytes, version: str, state_size: int) -> Place | None:
    """The place that was packed; None if it is of another network, or damaged."""
    if len(data) < _HEAD.size or data[0] != FORM:
        return None
    _, next_frame, sent_s, session, network = _HEAD.unpack_from(data)
    at = _HEAD.size + session
    state = data[at + network :]
    if data[at : at + network] != version.encode() or len(state) != 2 * state_size:
        return None
    numbers = np.frombuffer(state, "<i2").astype(np.float32)
    return Place(data[_HEAD.size : at].decode("utf-8", "replace"), next_frame, numbers, sent_s)


class Places:
    """Reads where the sources of a partition are.

    Args:
        version, state_size: of the network.
    """

    def __init__(self, settings: Settings, version: str, state_size: int) -> None:
        self._version, self._state_size = version, state_size
        self._max_events = settings.fpga.readback_max_events
        self._expiry_s = settings.rhythm.readback_s
        # what a killed consumer began blocks the partition's end until the brokers give it up
        self._patience_s = settings.fpga.transaction_timeout_s + 2 * OFFSETS_TIMEOUT_S
        known = client_config(settings) | {"group.id": "continuo-readback", "enable.auto.commit": False}
        self._ends = Consumer(known | {"isolation.level": "read_uncommitted"})
        self._consumer = Consumer(
            known | {"isolation.level": "read_committed", "enable.partition.eof": True, "auto.offset.reset": "earliest"}
        )

    def of_partition(self, partition: int, before_s: float) -> dict[str, Place]:
        """The place of each source with activations in the time before ``before_s``, seconds since the epoch.

        Raises:
            PlacesUnavailableError: the brokers do not give all of them in time.
        """
        found: dict[str, Place] = {}
        try:
            for message in self._messages(partition, before_s - self._expiry_s):
                data = dict(message.headers() or []).get(HEADER)
                place = unpack(data, self._version, self._state_size) if isinstance(data, bytes) else None
                if place is not None:
                    found.pop(source := (message.key() or b"").decode(), None)
                    found[source] = place
        except KafkaException as error:
            raise PlacesUnavailableError(f"Activations cannot be read again: {error.args[0].str()}.") from error
        return found

    def close(self) -> None:
        """Disconnect."""
        self._ends.close()
        self._consumer.close()

    def _messages(self, partition: int, since_s: float) -> Iterator[Message]:
        topic = ACTIVATIONS.name
        first, end = self._ends.get_watermark_offsets(TopicPartition(topic, partition), timeout=OFFSETS_TIMEOUT_S)
        (since,) = self._ends.offsets_for_times(
            [TopicPartition(topic, partition, max(0, int(since_s * 1000)))], timeout=OFFSETS_TIMEOUT_S
        )
        start = max(first, end - self._max_events, since.offset if since.offset >= 0 else end)
        if start >= end:
            return
        self._consumer.assign([TopicPartition(topic, partition, start)])
        try:
            deadline = time.monotonic() + self._patience_s
            while time.monotonic() < deadline:
                for message in self._consumer.consume(BATCH, POLL_S):
                    error = message.error()
                    if error is None:
                        yield message
                    elif error.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(error)
                    elif (message.offset() or 0) >= end:
                        return
        finally:
            self._consumer.unassign()
        raise PlacesUnavailableError(f"Partition {partition} of {topic} cannot be read to its end {end}.")
