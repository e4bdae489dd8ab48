"""The names of all keys in Redis; ``docs/storage.md`` describes what they hold."""

from __future__ import annotations

from schemas import topics

PREFIX = "continuo:"
NOW = {
    topics.BEATS.name: "beat",
    topics.SECTIONS.name: "section",
    topics.TRIGGERS.name: "trigger",
    topics.ERROR_EVENTS.name: "error",
}
"""Topics of which the newest event of each source is kept, and what it is called in the key."""


def answer(source_id: str) -> str:
    """The latest answer of a source: JSON text."""
    return f"{PREFIX}answer:{source_id}"


def answers(source_id: str) -> str:
    """The answers of a source in the order in which they came: a stream with the field ``match``."""
    return f"{PREFIX}answers:{source_id}"


def clip(clip_id: str) -> str:
    """The answer to one clip: JSON text."""
    return f"{PREFIX}clip:{clip_id}"


def instruments(clip_id: str) -> str:
    """The instruments of one clip: JSON text."""
    return f"{PREFIX}instruments:{clip_id}"


def work(work_id: str) -> str:
    """What is known of a work: a hash."""
    return f"{PREFIX}work:{work_id}"


def seen(source_id: str, topic: str, partition: int) -> str:
    """The offsets of the input records of a source that were answered last: a sorted set."""
    return f"{PREFIX}seen:{source_id}:{topic}/{partition}"


def now(what: str, source_id: str) -> str:
    """The newest ``beat``, ``section``, ``trigger`` or ``error`` of a source: JSON text."""
    return f"{PREFIX}{what}:{source_id}"


def search(asked: str, made_by: str) -> str:
    """The answer to a search, by a hash of what was asked and the state of the index: JSON text."""
    return f"{PREFIX}search:{made_by}:{asked}"
