"""``instruments``: what plays in a sound file, answered on ``instruments``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

from connectors.producer import key_of
from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.audio import Sound
from processors.instruments import InstrumentDetector, prepare
from processors.midi import BadMusicError
from processors.notes import Notes
from processors.songs import Song
from schemas import topics
from schemas.bulk import BulkTask
from schemas.codec import from_plain
from schemas.events import Failure, now_us
from schemas.sound import Instrumentation, InstrumentHeard
from streams.answers import fitting
from streams.detect import heard
from streams.records import Output, Record

from .public_models import load_qwen_omni
from .stages import Analysis, Models, Plain, each, together

STAGE = "bulk/instruments"


class InstrumentsStage:
    """Judges sound with the shipped network, or with Qwen-Omni where ``bulk.instruments`` says so."""

    want = "instruments"

    def __init__(self, settings: Settings, codec: EventCodec, models: Models) -> None:
        self._codec = codec
        least = settings.instruments.by_second_least
        if settings.bulk.instruments == "qwen-omni":
            asked = partial(models.get, "qwen-omni", partial(load_qwen_omni, settings.adapters))
            self._analysis: Analysis = _Asked(asked().model, asked)
        else:
            judged = partial(models.get, "instruments", InstrumentDetector)
            self._analysis = _Judged(f"{judged().version}, by second from {least:g}", least, judged)

    def analysis(self) -> Analysis:
        return self._analysis

    def output(
        self, record: Record, task: BulkTask, made_by: str, result: Plain | Failure, music_s: float, compute_ms: float
    ) -> Output:
        now = now_us()
        error = result if isinstance(result, Failure) else None
        told = () if isinstance(result, Failure) else tuple(from_plain(InstrumentHeard, row) for row in result)
        event = Instrumentation(
            event_id=record.origin.derived_id(STAGE),
            source_id=task.source_id,
            created_at=now,
            trace_context=task.trace_context,
            origin=record.origin,
            clip_id=task.sha256,
            name=task.name,
            made_by=made_by,
            status="failed" if error else "detected",
            error=error,
            instruments=told,
            duration_s=music_s,
            compute_ms=compute_ms,
            latency_ms=(now - task.created_at) / 1000.0,
        )
        name = topics.INSTRUMENTS.name
        return fitting(Output(name, key_of(event), self._codec.encode(name, event), event.trace_context))


@dataclass(frozen=True, slots=True)
class _Judged:
    made_by: str
    by_second_least: float
    detector: Callable[[], InstrumentDetector]

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        def clip(song: Song) -> Any:
            sound = sound_of(song)
            return prepare(sound.samples, sound.rate_hz)

        def judge(clips: Sequence[Any]) -> list[Plain]:
            judged = self.detector().judge(clips)
            return [[asdict(label) for label in heard(found, self.by_second_least)] for found in judged]

        return together(each(songs, clip), judge)


@dataclass(frozen=True, slots=True)
class _Asked:
    made_by: str
    model: Callable[[], Any]

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        return together(each(songs, sound_of), self._judge)

    def _judge(self, sounds: Sequence[Sound]) -> list[Plain]:
        answers: list[dict[str, float]] = self.model()(sounds)
        return [
            [asdict(InstrumentHeard(label=label, probability=answer[label])) for label in _ranked(answer)]
            for answer in answers
        ]


def _ranked(answer: dict[str, float]) -> list[str]:
    return sorted(answer, key=lambda label: -answer[label])


def sound_of(song: Song) -> Sound:
    """The song's sound.

    Raises:
        BadMusicError: it is notes.
    """
    if isinstance(song.music, Notes):
        raise BadMusicError("unsupported", "This is heard in sound; the file is MIDI.")
    return song.music
