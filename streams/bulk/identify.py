"""``identify``: which work a file is, answered on ``matches``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.identify import Identification, Identifier
from processors.onsets import Transcriber
from processors.songs import Song
from schemas.bulk import BulkTask
from schemas.codec import from_plain
from schemas.events import Candidate, Failure
from streams.answers import Answers
from streams.catalogue_view import CatalogueView
from streams.records import Output, Record

from .stages import Analysis, Models, Plain, each

STAGE = "bulk"


class IdentifyStage:
    """Hears the notes of sound, and looks them up in the catalogue as it is at the moment."""

    want = "identify"

    def __init__(self, settings: Settings, codec: EventCodec, models: Models) -> None:
        self._models = models
        self._catalogue = CatalogueView(settings)
        self._answers = Answers(codec, STAGE)
        self._options = f"top {settings.identify.top}, {settings.limits.transcribed_max_s:g} s"

    def analysis(self) -> Analysis:
        identifier = self._catalogue.identifier()
        return _Identify(f"{identifier.catalogue.version}, {self._options}", identifier, self._models)

    def output(
        self, record: Record, task: BulkTask, made_by: str, result: Plain | Failure, music_s: float, compute_ms: float
    ) -> Output:
        answer = result if isinstance(result, Failure) else _identification(result)
        return self._answers.of(record, task, answer, made_by=made_by, time_s=music_s, compute_ms=compute_ms)


@dataclass(frozen=True, slots=True)
class _Identify:
    made_by: str
    identifier: Identifier
    models: Models

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        return each(songs, self._answer)

    def _answer(self, song: Song) -> Plain:
        return asdict(song.heard(lambda: transcriber(self.models)).identify(self.identifier))


def transcriber(models: Models) -> Transcriber:
    """The model that hears notes in sound; stages share it, as they share what it heard."""
    return models.get("transcriber", Transcriber)


def _identification(plain: Plain) -> Identification:
    candidates = tuple(from_plain(Candidate, row) for row in plain["candidates"])
    return Identification(**plain | {"candidates": candidates})
