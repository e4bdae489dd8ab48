"""The bulk agent: every file of a job gets a result on ``bulk-results``, and each analysis on its own topic too.

A file is decoded once for all that is wanted of it. What was answered before for the same content, by the same models
and settings, comes from the store, and what is computed is stored before it is told: a worker that is killed leaves
either no answer, or one that the next worker finds. Equal files have the same key, so they meet in one worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import orjson

from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas import topics
from schemas.bulk import BulkAnswer, BulkResult, BulkTask
from schemas.codec import UndecodableError
from schemas.events import Failure
from streams.agent import AgentOptions
from streams.answers import ResultTooLargeError
from streams.dead_letters import DeadLetters
from streams.records import Output, Record

from .all_stages import make_stages
from .sheets import Answering, Sheet
from .stages import Models

STAGE = "bulk"
RESULT_MAX_BYTES = topics.BULK_RESULTS.max_message_bytes - (64 << 10)


class BulkHandler:
    """Answers bulk tasks; may be called from several threads at once."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(
            STAGE,
            topics.BULK_TASKS.name,
            batch_max=settings.bulk.batch_files,
            threads=1 if settings.bulk.mode == "sequential" else settings.bulk.compute_threads,
        )
        self._codec = codec
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)
        self._stages = make_stages(settings, codec, Models(settings.bulk.mode == "sequential"))
        self._answering = Answering(settings, self._stages)

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """For each record a result and the answers in their typed form, or a dead letter; both where the fault is ours.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: try again later.
        """
        outputs: list[Output] = []
        tasks: list[tuple[Record, BulkTask]] = []
        for record in records:
            try:
                task = self._codec.decode(record.topic, record.value or b"")
                assert isinstance(task, BulkTask)
                tasks.append((record, task))
            except UndecodableError as error:
                outputs.append(self._dead_letters.of(record, "undecodable", str(error)))
        sheets: dict[str, Sheet] = {}
        for _, task in tasks:
            sheets.setdefault(task.sha256, Sheet(task)).wants.update(task.wants)
        self._answering.fill(sheets.values())
        for record, task in tasks:
            outputs += self._outputs(record, task, sheets[task.sha256])
        return outputs

    def _outputs(self, record: Record, task: BulkTask, sheet: Sheet) -> Iterator[Output]:
        if sheet.fault is not None:
            yield self._dead_letters.of(record, type(sheet.fault).__name__, str(sheet.fault))
        answers = [sheet.answers[want] for want in task.wants]
        for answer in answers:
            stage = self._stages.get(answer.want)
            if stage is not None:
                yield from self._typed(record, task, sheet, answer)
        yield self._result(record, task, sheet, answers)

    def _typed(self, record: Record, task: BulkTask, sheet: Sheet, answer: BulkAnswer) -> Iterator[Output]:
        result = answer.error or orjson.loads(answer.answer or "{}")
        try:
            yield self._stages[answer.want].output(
                record, task, answer.made_by, result, answer.music_s, sheet.compute_ms
            )
        except ResultTooLargeError as error:
            yield self._dead_letters.of(record, "result_too_large", str(error))

    def _result(self, record: Record, task: BulkTask, sheet: Sheet, answers: Sequence[BulkAnswer]) -> Output:
        name = topics.BULK_RESULTS.name
        result = BulkResult(
            event_id=record.origin.derived_id(STAGE),
            source_id=task.source_id,
            trace_context=task.trace_context,
            origin=record.origin,
            sha256=task.sha256,
            name=task.name,
            status="answered" if any(answer.error is None for answer in answers) else "failed",
            answers=tuple(answers),
            compute_ms=sheet.compute_ms,
        )
        value = self._codec.encode(name, result)
        if len(value) > RESULT_MAX_BYTES:
            reason = (
                f"The result has {len(value)} bytes, more than the {RESULT_MAX_BYTES} that fit on the topic {name}."
            )
            failure = Failure("result_too_large", reason)
            short = tuple(replace(answer, answer=None, error=failure) for answer in answers)
            value = self._codec.encode(name, replace(result, status="failed", answers=short))
        return Output(name, key_of(result), value, task.trace_context, result)
