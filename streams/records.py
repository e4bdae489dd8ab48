"""What handlers take and give: Kafka records as plain values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import Message as ConfluentMessage

from connectors.tracing import headers_with, traceparent_in
from schemas.events import Event, Origin

if TYPE_CHECKING:
    from faust.types import Message as FaustMessage  # takes half a second, which workers without Faust need not wait


@dataclass(frozen=True, slots=True)
class Record:
    """One input record.

    Attributes:
        timestamp_s: when the producer sent it, seconds since the epoch.
        traceparent: the step of a trace that sent it, if its headers name one.
    """

    topic: str
    partition: int
    offset: int
    timestamp_s: float
    key: bytes | None
    value: bytes | None
    traceparent: str | None = None

    @property
    def origin(self) -> Origin:
        """The record's name in results and dead letters."""
        return Origin(self.topic, self.partition, self.offset)

    @classmethod
    def of_faust(cls, message: FaustMessage) -> Record:
        """From a message of a Faust stream."""
        return cls(
            message.topic,
            message.partition,
            message.offset,
            message.timestamp or 0.0,
            message.key,
            message.value,
            traceparent_in(message.headers),
        )

    @classmethod
    def of_confluent(cls, message: ConfluentMessage) -> Record:
        """From a message of a plain consumer that carries no error."""
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        assert topic is not None
        assert partition is not None
        assert offset is not None
        sent_s, traceparent = message.timestamp()[1] / 1000.0, traceparent_in(message.headers())
        return cls(topic, partition, offset, sent_s, message.key(), message.value(), traceparent)


@dataclass(frozen=True, slots=True)
class Output:
    """A record to be sent; ``trace_context`` goes into its headers, where tracing tools look for it.

    Attributes:
        event: what ``value`` encodes, for those who count.
    """

    topic: str
    key: bytes | None
    value: bytes
    trace_context: str | None = None
    event: Event | None = None

    def headers_after(self, traceparent: str | None) -> list[tuple[str, bytes]] | None:
        """Its headers, when the step ``traceparent`` sends it."""
        return headers_with(traceparent or self.trace_context)


Handler = Callable[[Sequence[Record]], Sequence[Output]]
"""Turns a micro-batch into what is to be sent, in a worker thread.

It answers every record, bad ones too. What it raises is either listed as a reason to try the same batch again
later, or it stops the worker.
"""
