"""Sheets are filled from the store or computed, each content once, whatever the mode."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from connectors.settings import BlobSettings, BulkSettings, Settings
from processors.midi import write_midi
from processors.notes import Notes
from processors.songs import Song
from schemas.bulk import BulkAnswer, BulkTask
from schemas.events import Failure
from streams.bulk.sheets import Answering, Sheet
from streams.bulk.stages import Analysis, Models, Plain
from streams.records import Output


class CountingStage:
    """Tells how many notes there are, and remembers what it was asked."""

    def __init__(self, want: str, models: Models | None = None, made_by: str = "first") -> None:
        self.want = want
        self.made_by = made_by
        self.asked: list[Song] = []
        self._models = models

    def analysis(self) -> Analysis:
        return self

    def __call__(self, songs: Sequence[Song]) -> list[Plain | Failure]:
        self.asked += songs
        factor = self._models.get(self.want, lambda: len(self.want)) if self._models else 1
        return [self._answer(song, factor) for song in songs]

    def _answer(self, song: Song, factor: int) -> Plain | Failure:
        assert isinstance(song.music, Notes)
        if len(song.music) == 13:
            raise RuntimeError("thirteen")
        return {"notes": len(song.music) * factor}

    def output(self, *_: Any) -> Output:
        raise NotImplementedError


def task_of(data: bytes) -> BulkTask:
    return BulkTask(
        source_id="job", sha256=hashlib.sha256(data).hexdigest(), kind="midi", name="a.mid", data=data, wants=("a", "b")
    )


def midi(count: int) -> bytes:
    return write_midi(Notes.of(np.arange(count) * 0.2, np.full(count, 60), np.full(count, 0.2)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(blobs=BlobSettings(url=f"file://{tmp_path}"))


def filled(settings: Settings, stages: Sequence[CountingStage], *files: bytes) -> list[Sheet]:
    sheets = [Sheet(task_of(data), {stage.want for stage in stages}) for data in files]
    Answering(settings, {stage.want: stage for stage in stages}).fill(sheets)
    return sheets


def answers_of(sheets: Sequence[Sheet]) -> list[list[tuple[str, str | None, Failure | None]]]:
    return [
        [(answer.want, answer.answer, answer.error) for _, answer in sorted(sheet.answers.items())] for sheet in sheets
    ]


def test_one_decode_serves_every_want(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[bytes] = []
    read = Song.read
    monkeypatch.setattr(Song, "read", lambda kind, data, *rest: (decoded.append(data), read(kind, data, *rest))[1])
    stages = [CountingStage("a"), CountingStage("b")]
    (sheet,) = filled(settings, stages, midi(5))
    assert len(decoded) == 1
    assert stages[0].asked == stages[1].asked
    assert answers_of([sheet]) == [[("a", '{"notes":5}', None), ("b", '{"notes":5}', None)]]


def test_what_was_answered_before_is_not_computed_again(settings: Settings) -> None:
    first, again = CountingStage("a"), CountingStage("a")
    (computed,) = filled(settings, [first], midi(5))
    (stored,) = filled(settings, [again], midi(5))
    assert not again.asked
    assert (computed.answers["a"].stored, stored.answers["a"].stored) == (False, True)
    assert answers_of([computed]) == answers_of([stored])
    assert stored.answers["a"].music_s == pytest.approx(computed.answers["a"].music_s)


def test_another_model_answers_anew_and_another_want_only_what_is_missing(settings: Settings) -> None:
    filled(settings, [CountingStage("a")], midi(5))
    newer, beside = CountingStage("a", made_by="second"), CountingStage("b")
    filled(settings, [newer], midi(5))
    assert len(newer.asked) == 1
    again = CountingStage("a")
    filled(settings, [again, beside], midi(5))
    assert (len(again.asked), len(beside.asked)) == (0, 1)


def test_a_file_that_cannot_be_read_is_read_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = midi(50)[:-20]
    (sheet,) = filled(settings, [CountingStage("a")], broken)
    error = sheet.answers["a"].error
    assert error is not None
    assert error.type == "truncated"

    def never(*_: object) -> Song:
        raise AssertionError("It was decoded again.")

    monkeypatch.setattr(Song, "read", never)
    (again,) = filled(settings, [CountingStage("a")], broken)
    assert again.answers["a"].error == error


def test_a_fault_of_ours_hits_one_file_and_is_not_kept(settings: Settings) -> None:
    sheets = filled(settings, [CountingStage("a")], midi(5), midi(13), midi(7))
    assert [sheet.answers["a"].answer for sheet in sheets] == ['{"notes":5}', None, '{"notes":7}']
    error = sheets[1].answers["a"].error
    assert error is not None
    assert error.type == "internal_error"
    assert isinstance(sheets[1].fault, RuntimeError)
    again = CountingStage("a")
    filled(settings, [again], midi(13))
    assert again.asked


def test_an_answer_that_a_power_cut_damaged_is_made_again(settings: Settings, tmp_path: Path) -> None:
    (sheet,) = filled(settings, [CountingStage("a")], midi(5))
    (kept,) = tmp_path.rglob("*.json")
    kept.write_bytes(b"")
    again = CountingStage("a")
    (made,) = filled(settings, [again], midi(5))
    assert len(again.asked) == 1
    assert answers_of([made]) == answers_of([sheet])


def test_sequential_and_parallel_answer_the_same_and_sequential_holds_one_model() -> None:
    answers = []
    for mode in ("parallel", "sequential"):
        options = Settings(
            blobs=BlobSettings(url=f"memory://{uuid.uuid4()}"), bulk=BulkSettings(mode=mode, batch_max_s=0.001)
        )
        models = Models(one_at_a_time=mode == "sequential")
        stages = [CountingStage("a", models), CountingStage("bb", models)]
        answers.append(answers_of(filled(options, stages, *(midi(count) for count in range(1, 13)))))
        assert len(models.held) == (1 if mode == "sequential" else 2)
    assert answers[0] == answers[1]


def test_what_is_no_analysis_is_said(settings: Settings) -> None:
    sheet = Sheet(task_of(midi(5)), {"colours"})
    Answering(settings, {"a": CountingStage("a")}).fill([sheet])
    answer = sheet.answers["colours"]
    assert isinstance(answer, BulkAnswer)
    assert answer.error is not None
    assert "there are a" in answer.error.message
