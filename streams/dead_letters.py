"""Dead letters: inputs that no agent could read, kept with the reason."""

from __future__ import annotations

from connectors.registry import EventCodec
from connectors.settings import LimitSettings
from schemas import topics
from schemas.events import DeadLetter

from .records import Output, Record

UNKNOWN_SOURCE = "unknown"
SOURCE_ID_MAX_BYTES = 256
MESSAGE_MAX_CHARACTERS = 2_000


class DeadLetters:
    """Writes dead letters for one agent.

    Args:
        codec: encodes the events.
        limits: how much of a record's value is kept.
        stage: the agent's name.
    """

    def __init__(self, codec: EventCodec, limits: LimitSettings, stage: str) -> None:
        self._codec = codec
        self._limits = limits
        self._stage = stage

    def of(self, record: Record, error_type: str, message: str) -> Output:
        """The dead letter of ``record``, to be sent: its key and value are cut at the limits.

        Raises:
            RegistryUnavailableError: the schema's id is not known yet and cannot be asked for.
        """
        key, value = record.key, record.value
        short_key = None if key is None else key[:SOURCE_ID_MAX_BYTES]
        letter = DeadLetter(
            event_id=record.origin.derived_id(f"{self._stage}/dead-letter"),
            source_id=short_key.decode("utf-8", "replace") if short_key else UNKNOWN_SOURCE,
            origin=record.origin,
            stage=self._stage,
            error_type=error_type,
            message=message[:MESSAGE_MAX_CHARACTERS],
            key=short_key,
            value=None if value is None else value[: self._limits.dead_letter_max_bytes],
            value_size=0 if value is None else len(value),
        )
        name = topics.DEAD_LETTERS.name
        return Output(name, short_key, self._codec.encode(name, letter))
