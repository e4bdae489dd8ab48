"""The preprocess agent: clips that want their instruments are decoded once, and go on as spectra."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from connectors.blob_store import BlobStore
from connectors.group_lag import GroupLag
from connectors.music_limits import music_limits
from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry.ids import ids_of
from processors.audio import decode_audio
from processors.instruments import PreparedClip, prepare
from processors.instruments.clip import FRONT_END
from processors.midi import BadMusicError
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Clip, Failure
from schemas.sound import Spectra

from .agent import AgentOptions
from .answers import ResultTooLargeError, fitting
from .dead_letters import DeadLetters
from .groups import DETECT, group_of
from .later import LATER
from .payload import PayloadError, payload
from .records import Output, Record
from .wants import INSTRUMENTS

STAGE = "preprocess"
BATCH_MAX = 4

log = structlog.get_logger(__name__)


class PreprocessHandler:
    """Decodes clips and takes their spectra; may be called from several threads at once."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(
            STAGE, topics.CLIPS.name, batch_max=BATCH_MAX, threads=settings.instruments.compute_threads
        )
        self._codec = codec
        self._blobs = BlobStore(settings)
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)
        self._limits = settings.limits
        self._audio_limits = music_limits(settings.limits).audio
        self._inline_max_bytes = settings.blobs.inline_max_bytes
        self._ahead_max = settings.instruments.ahead_max
        self._lag = GroupLag(settings, group_of(DETECT), topics.SPECTRA.name)

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """Spectra, or why there are none, of each clip that wants its instruments; nothing of the others.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: try again later.
            BehindError: likewise; the detect agent has to catch up first.
        """
        return [output for record in records for output in self._outputs(record)]

    def _outputs(self, record: Record) -> list[Output]:
        try:
            clip = self._codec.decode(record.topic, record.value or b"")
        except UndecodableError:
            return []  # the clips agent says so
        assert isinstance(clip, Clip)
        if INSTRUMENTS not in clip.wants:
            return []
        self._lag.require_below(self._ahead_max)
        try:
            return self._prepared(record, clip)
        except ResultTooLargeError as error:
            return [self._dead_letters.of(record, "result_too_large", str(error))]

    def _prepared(self, record: Record, clip: Clip) -> list[Output]:
        started = time.perf_counter()
        letters: list[Output] = []
        error: Failure | None = None
        prepared: PreparedClip | None = None
        try:
            prepared = self._prepare(clip, started + self._limits.decode_max_s)
        except LATER:
            raise
        except (BadMusicError, PayloadError) as reason:
            error = Failure(reason.type, str(reason))
        except Exception as reason:  # one record must not take its neighbours with it
            log.exception("clip failed", **ids_of(clip), origin=str(record.origin))
            error = Failure("internal_error", f"{type(reason).__name__}: {reason}")
            letters = [self._dead_letters.of(record, type(reason).__name__, str(reason))]
        data = prepared.levels.tobytes() if prepared else None
        inline = data is None or len(data) <= self._inline_max_bytes
        event = Spectra(
            event_id=record.origin.derived_id(STAGE),
            source_id=clip.source_id,
            trace_context=clip.trace_context,
            origin=record.origin,
            clip_id=clip.clip_id,
            name=clip.name,
            made_by=FRONT_END,
            clip_created_at=clip.created_at,
            error=error,
            duration_s=prepared.duration_s if prepared else 0.0,
            starts=tuple(prepared.starts.tolist()) if prepared else (),
            data=data if inline else None,
            blob=None if inline or data is None else self._blobs.put(data),
            prepare_ms=(time.perf_counter() - started) * 1000.0,
        )
        name = topics.SPECTRA.name
        output = Output(name, key_of(event), self._codec.encode(name, event), event.trace_context, event)
        return [fitting(output), *letters]

    def _prepare(self, clip: Clip, until_s: float) -> PreparedClip:
        if clip.kind != "audio":
            raise BadMusicError("unsupported", "Instruments are heard in sound; this clip is MIDI.")
        if (clip.length_s or 0.0) > self._limits.clip_max_s:
            raise BadMusicError(
                "too_long", f"The clip asks for {clip.length_s:g} s; the limit is {self._limits.clip_max_s:g} s."
            )
        data = payload(clip, self._blobs)
        sound = decode_audio(data, self._audio_limits, lambda: time.perf_counter() > until_s)
        part = sound.cut(clip.start_s, clip.length_s)
        return prepare(part.samples, part.rate_hz)
