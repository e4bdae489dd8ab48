"""The detect agent: spectra are judged in batches across clips, and the instruments told."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from connectors.blob_store import BlobStore
from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.instruments import InstrumentDetector, Instruments, PreparedClip
from processors.instruments.constants import BANDS, WINDOW_FRAMES
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Failure, now_us
from schemas.sound import Instrumentation, InstrumentHeard, Spectra

from .agent import AgentOptions
from .answers import ResultTooLargeError, fitting
from .dead_letters import DeadLetters
from .groups import DETECT
from .payload import PayloadError, payload
from .records import Output, Record

STAGE = DETECT
BATCH_MAX = 16


class DetectHandler:
    """Judges spectra; may be called from several threads at once."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(
            STAGE, topics.SPECTRA.name, batch_max=BATCH_MAX, threads=settings.instruments.compute_threads
        )
        self._codec = codec
        self._blobs = BlobStore(settings)
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)
        self._by_second_least = settings.instruments.by_second_least
        self._detector = InstrumentDetector()
        self._detector.warm_up()

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """The instruments, or why they are not known, of each clip; a dead letter for what is no event.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: try again later.
        """
        outputs: list[Output] = []
        events: list[tuple[Record, Spectra]] = []
        clips: list[PreparedClip | Failure] = []
        for record in records:
            try:
                event = self._codec.decode(record.topic, record.value or b"")
                assert isinstance(event, Spectra)
            except UndecodableError as error:
                outputs.append(self._dead_letters.of(record, "undecodable", str(error)))
                continue
            events.append((record, event))
            clips.append(self._clip(event))
        started = time.perf_counter()
        good = [clip for clip in clips if isinstance(clip, PreparedClip)]
        found = iter(self._detector.judge(good))
        share_ms = (time.perf_counter() - started) * 1000.0 / max(len(good), 1)
        for (record, event), clip in zip(events, clips, strict=True):
            result = clip if isinstance(clip, Failure) else next(found)
            try:
                outputs.append(self._output(event, result, event.prepare_ms + share_ms))
            except ResultTooLargeError as error:
                outputs.append(self._dead_letters.of(record, "result_too_large", str(error)))
        return outputs

    def _clip(self, event: Spectra) -> PreparedClip | Failure:
        if event.error is not None:
            return event.error
        if not event.starts:
            return PreparedClip(np.zeros((0, WINDOW_FRAMES, BANDS), np.uint8), np.zeros(0, np.int64), event.duration_s)
        try:
            levels = np.frombuffer(payload(event, self._blobs), np.uint8)
        except PayloadError as error:
            return Failure(error.type, str(error))
        if levels.size != len(event.starts) * WINDOW_FRAMES * BANDS:
            return Failure("bad_spectra", f"{len(event.starts)} windows do not have {levels.size} levels.")
        shaped = levels.reshape(-1, WINDOW_FRAMES, BANDS)
        return PreparedClip(shaped, np.array(event.starts, np.int64), event.duration_s)

    def _output(self, event: Spectra, result: Instruments | Failure, compute_ms: float) -> Output:
        now = now_us()
        answer = Instrumentation(
            event_id=event.origin.derived_id(STAGE),
            source_id=event.source_id,
            created_at=now,
            trace_context=event.trace_context,
            origin=event.origin,
            clip_id=event.clip_id,
            name=event.name,
            made_by=self._detector.version,
            status="failed" if isinstance(result, Failure) else "detected",
            error=result if isinstance(result, Failure) else None,
            instruments=() if isinstance(result, Failure) else heard(result, self._by_second_least),
            duration_s=event.duration_s,
            compute_ms=compute_ms,
            latency_ms=(now - event.clip_created_at) / 1000.0,
        )
        name = topics.INSTRUMENTS.name
        return fitting(Output(name, key_of(answer), self._codec.encode(name, answer), answer.trace_context, answer))


def heard(found: Instruments, by_second_least: float) -> tuple[InstrumentHeard, ...]:
    """All labels, most probable first; second by second those that reach ``by_second_least`` in one."""
    told = []
    for instrument in found.ranked():
        seconds = found.of_second(instrument.label).round(3)
        by_second = tuple(seconds.tolist()) if seconds.max() >= by_second_least else ()
        told.append(
            InstrumentHeard(label=instrument.label, probability=round(instrument.probability, 4), by_second=by_second)
        )
    return tuple(told)
