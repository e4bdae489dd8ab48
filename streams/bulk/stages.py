"""What a bulk job can want: each want is a stage over decoded music."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, cast

from processors.midi import BadMusicError
from processors.songs import Song
from schemas.bulk import BulkTask
from schemas.events import Failure
from streams.records import Output, Record

Plain = Any
"""An answer as JSON: an object or a list."""

S = TypeVar("S")
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

    @property
    def held(self) -> list[str]:
        """The names of the models in memory."""
        return sorted(self._held)


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


def each(inputs: Sequence[S], prepare: Callable[[S], T]) -> list[T | Failure]:
    """``prepare`` of each input, or why it cannot be analysed."""
    prepared: list[T | Failure] = []
    for one in inputs:
        try:
            prepared.append(prepare(one))
        except BadMusicError as error:
            prepared.append(Failure(error.type, str(error)))
    return prepared


def together(prepared: Sequence[T | Failure], judge: Callable[[Sequence[T]], Sequence[Plain]]) -> list[Plain | Failure]:
    """``judge`` of all that could be prepared, in one batch; the failures stay in their places."""
    good = [one for one in prepared if not isinstance(one, Failure)]
    judged = iter(judge(good) if good else ())
    return [one if isinstance(one, Failure) else next(judged) for one in prepared]
