"""The table of topics: what flows, how it is split, and how long it is kept.

Topics are created from this table before any worker starts; a new capability adds its row here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Topic:
    """One Kafka topic.

    Attributes:
        name: the topic's name, also the name of its schema file (``avro/<name>.avsc``).
        partitions: how many partitions it is created with. Events are keyed by source, so this
            bounds how many workers can share the topic.
        cleanup: ``delete`` drops records after ``retention_ms``; ``compact`` keeps the newest per key.
        retention_ms: how long records are kept; -1 means for ever.
        max_message_bytes: the largest record the broker accepts.
    """

    name: str
    partitions: int
    cleanup: Literal["delete", "compact"] = "delete"
    retention_ms: int = 7 * DAY_MS
    max_message_bytes: int = 1 * MIB

    def config(self) -> dict[str, str]:
        """The broker's per-topic configuration for this row."""
        config = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.max_message_bytes),
        }
        if self.cleanup == "delete":
            config["retention.ms"] = str(self.retention_ms)
        return config


SOURCE_PARTITIONS = 8
"""Of every topic keyed by source: a source has the same partition number on each, so a worker that
takes a partition over finds a source's inputs and outputs under one number."""

CLIPS = Topic("clips", SOURCE_PARTITIONS)
NOTES = Topic("notes", SOURCE_PARTITIONS, retention_ms=DAY_MS)
CATALOGUE = Topic("catalogue", partitions=1, cleanup="compact", retention_ms=-1)
MATCHES = Topic("matches", SOURCE_PARTITIONS)
FRAMES = Topic("frames", SOURCE_PARTITIONS, retention_ms=DAY_MS)
ACTIVATIONS = Topic("activations", SOURCE_PARTITIONS, retention_ms=DAY_MS)
BEATS = Topic("beats", SOURCE_PARTITIONS)
SECTIONS = Topic("sections", SOURCE_PARTITIONS)
TRIGGERS = Topic("triggers", SOURCE_PARTITIONS)
ERROR_EVENTS = Topic("error-events", SOURCE_PARTITIONS)
BULK_JOBS = Topic("bulk-jobs", partitions=1, cleanup="compact", retention_ms=-1)
BULK_TASKS = Topic("bulk-tasks", SOURCE_PARTITIONS)
BULK_RESULTS = Topic("bulk-results", SOURCE_PARTITIONS)
EMBEDDINGS = Topic("embeddings", SOURCE_PARTITIONS)
SPECTRA = Topic("spectra", SOURCE_PARTITIONS, retention_ms=DAY_MS)
INSTRUMENTS = Topic("instruments", SOURCE_PARTITIONS)
QUERIES = Topic("queries", SOURCE_PARTITIONS, retention_ms=DAY_MS)
RESULTS = Topic("results", SOURCE_PARTITIONS, retention_ms=DAY_MS)
DEAD_LETTERS = Topic("dead-letters", partitions=1, retention_ms=30 * DAY_MS, max_message_bytes=2 * MIB)

RHYTHM = (FRAMES, ACTIVATIONS, BEATS, SECTIONS, TRIGGERS, ERROR_EVENTS)
BULK = (BULK_JOBS, BULK_TASKS, BULK_RESULTS, EMBEDDINGS)
SOUND = (SPECTRA, INSTRUMENTS)
SEARCH = (QUERIES, RESULTS)
TOPICS: tuple[Topic, ...] = (CLIPS, NOTES, CATALOGUE, MATCHES, *RHYTHM, *BULK, *SOUND, *SEARCH, DEAD_LETTERS)
BY_NAME: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
