"""The clips agent: every clip that wants to be identified gets an answer on ``matches``, or a dead letter."""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog

from connectors.blob_store import BlobStore
from connectors.music_limits import music_limits
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.telemetry.ids import ids_of
from processors.identify import Identification, Identifier
from processors.identify_music import Music, MusicIdentifier
from processors.midi import BadMusicError
from schemas import topics
from schemas.codec import UndecodableError
from schemas.events import Clip, Failure

from .agent import AgentOptions
from .answers import Answers, ResultTooLargeError
from .catalogue_view import CatalogueView
from .dead_letters import DeadLetters
from .later import LATER
from .payload import PayloadError, payload
from .records import Output, Record
from .wants import IDENTIFY, not_identified

STAGE = "clips"
BATCH_MAX = 8

log = structlog.get_logger(__name__)


class ClipHandler:
    """Answers clips; may be called from several threads at once."""

    def __init__(self, settings: Settings, codec: EventCodec) -> None:
        self.agent = AgentOptions(
            STAGE, topics.CLIPS.name, batch_max=BATCH_MAX, threads=settings.identify.compute_threads
        )
        self._codec = codec
        self._blobs = BlobStore(settings)
        self._catalogue = CatalogueView(settings)
        self._answers = Answers(codec, STAGE)
        self._dead_letters = DeadLetters(codec, settings.limits, STAGE)
        limits = settings.limits
        self._music = MusicIdentifier(music_limits(limits))
        self._music.warm_up()
        self._clip_max_s = limits.clip_max_s

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """One answer or dead letter for each record; both where the fault is ours.

        Raises:
            RegistryUnavailableError, BlobUnavailableError: try again later.
        """
        identifier = self._catalogue.identifier()
        return [output for record in records for output in self._outputs(record, identifier)]

    def _outputs(self, record: Record, identifier: Identifier) -> list[Output]:
        try:
            clip = self._codec.decode(record.topic, record.value or b"")
            assert isinstance(clip, Clip)
            if not_identified(clip.wants):
                return []
            return self._answer(record, clip, identifier)
        except LATER:
            raise
        except UndecodableError as error:
            return [self._dead_letters.of(record, "undecodable", str(error))]
        except ResultTooLargeError as error:
            return [self._dead_letters.of(record, "result_too_large", str(error))]

    def _answer(self, record: Record, clip: Clip, identifier: Identifier) -> list[Output]:
        started = time.perf_counter()
        result: Identification | Failure
        letters: list[Output] = []
        length_s = clip.length_s or 0.0
        try:
            music = self._read(clip)
            length_s = clip.length_s or music.end_s
            result = self._music.identify(identifier, music, clip.start_s, clip.length_s)
        except LATER:
            raise
        except (BadMusicError, PayloadError) as error:
            result = Failure(error.type, str(error))
        except Exception as error:  # one record must not take its neighbours with it
            log.exception("clip failed", **ids_of(clip), origin=str(record.origin))
            result = Failure("internal_error", f"{type(error).__name__}: {error}")
            letters = [self._dead_letters.of(record, type(error).__name__, str(error))]
        answer = self._answers.of(
            record,
            clip,
            result,
            made_by=identifier.catalogue.version,
            time_s=length_s,
            compute_ms=(time.perf_counter() - started) * 1000.0,
        )
        return [answer, *letters]

    def _read(self, clip: Clip) -> Music:
        if IDENTIFY not in clip.wants:
            raise BadMusicError(
                "unsupported", f"The clip wants {', '.join(clip.wants) or 'nothing'}; this worker only does {IDENTIFY}."
            )
        if (clip.length_s or 0.0) > self._clip_max_s:
            raise BadMusicError(
                "too_long", f"The clip asks for {clip.length_s:g} s; the limit is {self._clip_max_s:g} s."
            )
        return self._music.read(clip.kind, payload(clip, self._blobs))
