"""Results as records: what every agent that answers on ``matches`` shares."""

from __future__ import annotations

from typing import Literal

from connectors.producer import key_of
from connectors.registry import EventCodec
from processors.identify import Identification
from schemas import topics
from schemas.bulk import BulkTask
from schemas.events import Clip, Failure, Match, NoteEvent, now_us

from .records import Output, Record

HEADERS_MAX_BYTES = 64 << 10
"""Kept free in a record for its headers."""


class ResultTooLargeError(ValueError):
    """The result is larger than the topic takes."""


class Answers:
    """Encodes the answers of one agent.

    Args:
        codec: encodes the events.
        stage: the agent's name; answers to the same record carry the same id for each stage.
    """

    def __init__(self, codec: EventCodec, stage: str) -> None:
        self._codec = codec
        self._stage = stage

    def of(
        self,
        record: Record,
        event: Clip | NoteEvent | BulkTask,
        result: Identification | Failure,
        *,
        made_by: str,
        time_s: float,
        compute_ms: float,
    ) -> Output:
        """The match that answers ``event``, which was read from ``record``.

        Raises:
            ResultTooLargeError: the event's own texts make the answer too large.
            RegistryUnavailableError: the schema's id is not known yet and cannot be asked for.
        """
        now = now_us()
        kind: Literal["clip", "live"] = "live" if isinstance(event, NoteEvent) else "clip"
        match = Match(
            event_id=record.origin.derived_id(self._stage),
            source_id=event.source_id,
            created_at=now,
            trace_context=event.trace_context,
            origin=record.origin,
            made_by=made_by,
            kind=kind,
            clip_id=_clip_id(event),
            status="failed" if isinstance(result, Failure) else result.status,
            error=result if isinstance(result, Failure) else None,
            candidates=() if isinstance(result, Failure) else result.candidates,
            notes_heard=0 if isinstance(result, Failure) else result.notes_heard,
            time_s=time_s,
            compute_ms=compute_ms,
            latency_ms=(now - event.created_at) / 1000.0,
        )
        name = topics.MATCHES.name
        return fitting(Output(name, key_of(event), self._codec.encode(name, match), event.trace_context, match))


def fitting(output: Output) -> Output:
    """The output itself.

    Raises:
        ResultTooLargeError: the event's own texts make it too large for its topic.
    """
    size = len(output.key or b"") + len(output.value)
    limit = topics.BY_NAME[output.topic].max_message_bytes - HEADERS_MAX_BYTES
    if size > limit:
        raise ResultTooLargeError(
            f"The answer has {size} bytes, more than the {limit} that fit on the topic {output.topic}; "
            "the event's source_id, clip_id or trace_context is too long."
        )
    return output


def _clip_id(event: Clip | NoteEvent | BulkTask) -> str | None:
    if isinstance(event, BulkTask):  # what a file is asked for by, whichever job it was in
        return event.sha256
    return event.clip_id if isinstance(event, Clip) else None
