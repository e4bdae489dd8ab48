"""Dead letters of the agents, ready to be sent."""

from __future__ import annotations

from connectors.dead_letters import dead_letter
from connectors.registry import EventCodec
from connectors.settings import LimitSettings
from schemas import topics

from .records import Output, Record


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
        """The dead letter of ``record``: a short reason for programs, a sentence for people.

        Raises:
            RegistryUnavailableError: the schema's id is not known yet and cannot be asked for.
        """
        letter = dead_letter(
            record.origin,
            record.key,
            record.value,
            stage=self._stage,
            error_type=error_type,
            message=message,
            limits=self._limits,
        )
        name = topics.DEAD_LETTERS.name
        return Output(name, letter.key, self._codec.encode(name, letter), event=letter)
