"""The live agent: every player's notes are answered on ``matches`` while they are played.

A micro-batch gives one answer for each source in it, made from the source's newest record, so every offset of ``notes``
is covered by an answer or a dead letter at or above it. The windows live in memory only; ``notes`` is their changelog:
a partition that is new to a worker, or has moved on without it, is read back before its first record is handled.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry.ids import ids_of
from processors.identify import Identification, Identifier
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Failure, NoteEvent

from .agent import AgentOptions
from .answers import Answers, ResultTooLargeError
from .catalogue_view import CatalogueView
from .dead_letters import DeadLetters
from .live_sources import LiveSources, check_note
from .readback import Readback
from .records import Output, Record

STAGE = "live"

log = structlog.get_logger(__name__)


class LiveHandler:
    """Answers live notes; keeps state, so it may be called by one thread at a time, with records in order."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(STAGE, topics.NOTES.name, batch_max=settings.limits.in_flight, threads=1)
        self._codec = codec
        self._catalogue = CatalogueView(settings)
        self._answers = Answers(codec, STAGE)
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)
        self.sources = LiveSources(settings.live)
        self._readback = Readback(settings, settings.live.readback_max_events)
        self._window_s = settings.live.window_s
        self._next_offset: dict[int, int] = {}

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """One answer for each source, a dead letter for each record that cannot be read.

        Raises:
            RegistryUnavailableError, ReadbackUnavailableError: try again later, with the same records.
        """
        identifier = self._catalogue.identifier()
        newest: dict[str, tuple[Record, NoteEvent]] = {}
        outputs: list[Output] = []
        for record in records:
            self._catch_up(record)
            try:
                event = self._hear(record)
                newest[event.source_id] = (record, event)
            except UndecodableError as error:
                outputs.append(self._dead_letters.of(record, "undecodable", str(error)))
        for record, event in newest.values():
            outputs += self._answer(record, event, identifier)
        return outputs

    def _catch_up(self, record: Record) -> None:
        expected = self._next_offset.get(record.partition, -1)
        if expected < 0 or record.offset > expected:
            for earlier in self._readback.before(record, self._window_s):
                try:
                    self._hear(earlier)
                except UndecodableError:
                    continue  # whoever handled it wrote the dead letter
        self._next_offset[record.partition] = record.offset + 1

    def _hear(self, record: Record) -> NoteEvent:
        event = self._codec.decode(record.topic, record.value or b"")
        assert isinstance(event, NoteEvent)
        check_note(event)
        self.sources.hear(record, event)
        return event

    def _answer(self, record: Record, event: NoteEvent, identifier: Identifier) -> list[Output]:
        started = time.perf_counter()
        result: Identification | Failure
        letters: list[Output] = []
        try:
            result = self.sources.answer(event.source_id, identifier)
        except Exception as error:  # one source must not take its neighbours with it
            log.exception("live source failed", **ids_of(event), origin=str(record.origin))
            result = Failure("internal_error", f"{type(error).__name__}: {error}")
            letters = [self._dead_letters.of(record, type(error).__name__, str(error))]
        try:
            answer = self._answers.of(
                record,
                event,
                result,
                made_by=identifier.catalogue.version,
                time_s=event.time_s,
                compute_ms=(time.perf_counter() - started) * 1000.0,
            )
        except ResultTooLargeError as error:
            answer = self._dead_letters.of(record, "result_too_large", str(error))
        return [answer, *letters]
