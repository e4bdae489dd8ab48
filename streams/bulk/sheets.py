"""Fills in what is wanted of files: from the store what was answered before, computed and stored what was not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace

import orjson
import structlog

from connectors.answer_store import AnswerStore
from connectors.blob_store import BlobStore
from connectors.music_limits import music_limits
from connectors.settings import Settings
from processors.midi import BadMusicError
from processors.songs import Song
from schemas.bulk import BulkAnswer, BulkTask
from schemas.events import Failure
from streams.later import LATER
from streams.payload import PayloadError, payload

from .stages import Analysis, Plain, Stage

TOO_SLOW = "too_slow"
"""How decoding ends on a machine that has too much to do; another time it may be quicker."""

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Sheet:
    """The answers to one content, for all tasks of a batch that have it.

    Attributes:
        fault: a fault in our own code that kept an answer from being made.
    """

    task: BulkTask
    wants: set[str] = field(default_factory=set)
    answers: dict[str, BulkAnswer] = field(default_factory=dict)
    music_s: float = 0.0
    compute_ms: float = 0.0
    fault: Exception | None = None

    def missing(self) -> list[str]:
        """What is wanted and has no answer yet."""
        return sorted(self.wants - set(self.answers))

    def fill(self, want: str, made_by: str, result: Plain | Failure) -> BulkAnswer:
        """Enter an answer that was just made."""
        answer = BulkAnswer(want=want, made_by=made_by, stored=False, music_s=self.music_s)
        if isinstance(result, Failure):
            answer = replace(answer, error=result)
        else:
            answer = replace(answer, answer=orjson.dumps(result).decode())
        self.answers[want] = answer
        return answer


class Answering:
    """Fills sheets; may be called from several threads at once.

    In sequential mode one batch is computed at a time, and of its models one is in memory at a time.
    """

    def __init__(self, settings: Settings, stages: Mapping[str, Stage]) -> None:
        self._stages = stages
        self._blobs = BlobStore(settings)
        self._store = AnswerStore(self._blobs)
        self._limits = music_limits(settings.limits)
        self._decode_max_s = settings.limits.decode_max_s
        self._batch_max_s = settings.bulk.batch_max_s
        self._turn: AbstractContextManager[object] = (
            threading.Lock() if settings.bulk.mode == "sequential" else nullcontext()
        )

    def fill(self, sheets: Iterable[Sheet]) -> None:
        """Give every sheet an answer for all that it wants.

        Raises:
            BlobUnavailableError: try again later; what was stored until then is not computed again.
        """
        with self._turn:
            analyses = {want: stage.analysis() for want, stage in self._stages.items()}
            open_sheets = [sheet for sheet in sheets if self._look_up(sheet, analyses)]
            for group in self._groups(open_sheets, analyses):
                for want, analysis in analyses.items():
                    asked = [(sheet, song) for sheet, song in group if want in sheet.missing()]
                    if asked:
                        self._analyse(want, analysis, asked)

    def _look_up(self, sheet: Sheet, analyses: Mapping[str, Analysis]) -> bool:
        """Whether something remains to be computed."""
        for want in sheet.missing():
            if want not in analyses:
                reason = f"There is no analysis {want!r}; there are {', '.join(analyses)}."
                sheet.fill(want, "", Failure("unsupported", reason))
                continue
            known = self._store.get(sheet.task.sha256, want, analyses[want].made_by)
            if known is not None:
                sheet.answers[want] = known
        return bool(sheet.missing())

    def _groups(self, sheets: Sequence[Sheet], analyses: Mapping[str, Analysis]) -> Iterator[list[tuple[Sheet, Song]]]:
        """Decode the files; as many at a time as may be held in memory together."""
        group: list[tuple[Sheet, Song]] = []
        for sheet in sheets:
            song = self._decoded(sheet, analyses)
            if song is None:
                continue
            if group and sum(held.held_s for _, held in group) + song.held_s > self._batch_max_s:
                yield group
                group = []
            group.append((sheet, song))
        if group:
            yield group

    def _decoded(self, sheet: Sheet, analyses: Mapping[str, Analysis]) -> Song | None:
        started = time.perf_counter()
        try:
            data = payload(sheet.task, self._blobs)
            song = Song.read(
                sheet.task.kind, data, self._limits, lambda: time.perf_counter() > started + self._decode_max_s
            )
            sheet.music_s = song.length_s
            return song
        except LATER:
            raise
        except BadMusicError as error:
            for want in sheet.missing():
                answer = sheet.fill(want, analyses[want].made_by, Failure(error.type, str(error)))
                if error.type != TOO_SLOW:  # all others follow from the content, as answers do, and are kept like them
                    self._store.put(sheet.task.sha256, answer)
        except PayloadError as error:
            for want in sheet.missing():
                sheet.fill(want, "", Failure(error.type, str(error)))
        except Exception as error:
            self._fault(sheet, error)
        finally:
            sheet.compute_ms += (time.perf_counter() - started) * 1000.0
        return None

    def _analyse(self, want: str, analysis: Analysis, asked: Sequence[tuple[Sheet, Song]]) -> None:
        started = time.perf_counter()
        log.info("computing", want=want, files=[sheet.task.sha256 for sheet, _ in asked])
        try:
            results = analysis([song for _, song in asked])
        except LATER:
            raise
        except Exception as error:  # one file must not take its neighbours with it
            if len(asked) == 1:
                self._fault(asked[0][0], error)
                return
            for one in asked:
                self._analyse(want, analysis, [one])
            return
        took_ms = (time.perf_counter() - started) * 1000.0 / len(asked)
        for (sheet, _), result in zip(asked, results, strict=True):
            sheet.compute_ms += took_ms
            self._store.put(sheet.task.sha256, sheet.fill(want, analysis.made_by, result))
            log.info("stored", want=want, file=sheet.task.sha256)

    def _fault(self, sheet: Sheet, error: Exception) -> None:
        log.error("file failed", sha256=sheet.task.sha256, exc_info=error)
        sheet.fault = error
        for want in sheet.missing():
            sheet.fill(want, "", Failure("internal_error", f"{type(error).__name__}: {error}"))
