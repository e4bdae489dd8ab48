"""What a bulk job can want: each want is a stage over decoded music."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeVar, cast

from connectors.registry import EventCodec
from connectors.settings import Settings
from processors.identify import Identification, Identifier
from processors.midi import BadMusicError
from processors.onsets import Transcriber
from processors.songs import Song
from schemas.bulk import BulkTask
from schemas.codec import from_plain
from schemas.events import Candidate, Failure

from .answers import Answers
from .catalogue_view import CatalogueView
from .records import Output, Record

Plain = dict[str, Any]
"""An answer as a JSON object."""

T = TypeVar("T")


class Models:
    """Loads models when they are first asked for; ``one_at_a_time`` drops the one before."""

    def __init__(self, one_at_a_time: bool) -> None:
        self._one_at_a_time = one_at_a_time
        self._held: dict[str, object] = {}
        self._lock = threading.Lock()

    def get(self, name: str, load: Callable[[], T]) -> T:
        """The model called ``name``, made by ``load`` unless it is held."""
        with self._lock:
            if name not in self._held:
                if self._one_at_a_time:
                    self._held.clear()
                self._held[name] = load()
            return cast(T, self._held[name])


class Analysis(Protocol):
    """A stage at a moment."""

    @property
    def made_by(self) -> str:
        """Names all that an answer depends on beside the music: models, their versions, settings."""
        ...

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        """The answer to each song, the same whatever the others are; a failure for one that cannot be analysed."""
        ...


class Stage(Protocol):
    """One analysis that a job can want.

    Attributes:
        want: its name.
    """

    want: str

    def analysis(self) -> Analysis:
        """The stage as it is now; one is used for a whole batch."""
        ...

    def output(
        self, record: Record, task: BulkTask, made_by: str, result: Plain | Failure, music_s: float, compute_ms: float
    ) -> Output:
        """The answer in its typed form, for the topic of the analysis.

        Raises:
            ResultTooLargeError: it does not fit on the topic.
        """
        ...


def make_stages(settings: Settings, codec: EventCodec, models: Models) -> dict[str, Stage]:
    """All stages by their want."""
    stages: list[Stage] = [IdentifyStage(settings, codec, models)]
    return {stage.want: stage for stage in stages}


class IdentifyStage:
    """``identify``: which work it is; answered on ``matches``."""

    want = "identify"

    def __init__(self, settings: Settings, codec: EventCodec, models: Models) -> None:
        self._models = models
        self._catalogue = CatalogueView(settings)
        self._answers = Answers(codec, "bulk")
        self._settings = f"top {settings.identify.top}, {settings.limits.transcribed_max_s:g} s"

    def analysis(self) -> Analysis:
        identifier = self._catalogue.identifier()
        return _Identify(f"{identifier.catalogue.version}, {self._settings}", identifier, self._models)

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
        answers: list[Plain | Failure] = []
        for song in songs:
            try:
                heard = song.heard(lambda: self.models.get("transcriber", Transcriber))
                answers.append(asdict(heard.identify(self.identifier)))
            except BadMusicError as error:
                answers.append(Failure(error.type, str(error)))
        return answers


def _identification(plain: Plain) -> Identification:
    candidates = tuple(from_plain(Candidate, row) for row in plain["candidates"])
    return Identification(**plain | {"candidates": candidates})
