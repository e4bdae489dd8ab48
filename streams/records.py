"""What handlers take and give: Kafka records as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import Message as ConfluentMessage

from schemas.events import Origin

if TYPE_CHECKING:
    from faust.types import Message as FaustMessage  # takes half a second, which workers without Faust need not wait


@dataclass(frozen=True, slots=True)
class Record:
    """One input record.

    Attributes:
        timestamp_s: when the producer sent it, seconds since the epoch.
    """

    topic: str
    partition: int
    offset: int
    timestamp_s: float
    key: bytes | None
    value: bytes | None

    @property
    def origin(self) -> Origin:
        """The record's name in results and dead letters."""
        return Origin(self.topic, self.partition, self.offset)

    @classmethod
    def of_faust(cls, message: FaustMessage) -> Record:
        """From a message of a Faust stream."""
        return cls(
            message.topic, message.partition, message.offset, message.timestamp or 0.0, message.key, message.value
        )

    @classmethod
    def of_confluent(cls, message: ConfluentMessage) -> Record:
        """From a message of a plain consumer that carries no error."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        return cls(topic, partition, offset, message.timestamp()[1] / 1000.0, message.key(), message.value())


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be sent; ``trace_context`` goes into its headers, where tracing tools look for it."""

    topic: str
    key: bytes | None
    value: bytes
    trace_context: str | None = None

    @property
    def headers(self) -> list[tuple[str, bytes]] | None:
        return [("traceparent", self.trace_context.encode())] if self.trace_context else None


Handler = Callable[[Sequence[Record]], Sequence[Output]]
"""Turns a micro-batch into what is to be sent, in a worker thread.

It answers every record, bad ones too. What it raises is either listed as a reason to try the same batch again
later, or it stops the worker.
"""
