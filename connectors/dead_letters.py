"""Dead letters: records that could not be handled, kept with the reason."""

from __future__ import annotations

from connectors.settings import LimitSettings
from schemas.events import DeadLetter, Origin

UNKNOWN_SOURCE = "unknown"
SOURCE_ID_MAX_BYTES = 256
MESSAGE_MAX_CHARACTERS = 2_000


def dead_letter(
    origin: Origin,
    key: bytes | None,
    value: bytes | None,
    *,
    stage: str,
    error_type: str,
    message: str,
    limits: LimitSettings,
) -> DeadLetter:
    """The dead letter of a record: its key, its value and the message are cut at the limits.

    Args:
        origin: where the record lies.
        key, value: the record's bytes.
        stage: who could not handle it; repeats of the same stage carry the same event id.
        error_type: a short reason for programs.
        message: a sentence for people.
        limits: how much of the value is kept.
    """
    short_key = None if key is None else key[:SOURCE_ID_MAX_BYTES]
    return DeadLetter(
        event_id=origin.derived_id(f"{stage}/dead-letter"),
        source_id=short_key.decode("utf-8", "replace") if short_key else UNKNOWN_SOURCE,
        origin=origin,
        stage=stage,
        error_type=error_type,
        message=message[:MESSAGE_MAX_CHARACTERS],
        key=short_key,
        value=None if value is None else value[: limits.dead_letter_max_bytes],
        value_size=0 if value is None else len(value),
    )
