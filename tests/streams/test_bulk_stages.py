"""The stages of bulk jobs on real sound and MIDI, with the shipped models."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from pathlib import Path
from typing import Any, Literal

import numpy as np
import orjson
import pytest
import soundfile

from connectors.registry import EventCodec
from connectors.settings import BlobSettings, BulkSettings, EmbeddedSettings, Settings
from processors.adapters.errors import AdapterError
from processors.identify import Catalogue, WorkEntry
from processors.instruments import LABELS
from processors.midi import write_midi
from processors.notes import Notes
from schemas.bulk import WANTS, BulkResult, BulkTask, Embedding
from schemas.codec import parsed_schema
from schemas.events import Match
from schemas.sound import Instrumentation
from schemas.topics import BY_NAME
from streams.bulk import BulkHandler
from streams.bulk.all_stages import make_stages
from streams.bulk.sheets import Answering, Sheet
from streams.bulk.stages import Models
from streams.records import Record

RATE_HZ = 22_050
Mode = Literal["parallel", "sequential"]


def melody(seed: int) -> Notes:
    rng = np.random.default_rng(seed)
    pitch = np.clip(60 + np.cumsum(rng.integers(-4, 5, 30)), 48, 84)
    return Notes.of(np.cumsum(rng.choice([0.2, 0.3, 0.4], 30)), pitch, np.full(30, 0.3))


def played(notes: Notes) -> bytes:
    """Plucked strings."""
    samples = np.zeros(int((notes.end_s + 0.5) * RATE_HZ))
    time_s = np.arange(int(0.6 * RATE_HZ)) / RATE_HZ
    for onset_s, pitch in zip(notes.onset_s, notes.pitch.astype(int), strict=True):
        hz = 440.0 * 2.0 ** ((pitch - 69) / 12)
        tone = sum(np.sin(2 * np.pi * k * hz * time_s) / k for k in range(1, 7)) * np.exp(-5.0 * time_s)
        start = round(onset_s * RATE_HZ)
        samples[start : start + len(tone)] += tone[: len(samples) - start]
    out = io.BytesIO()
    soundfile.write(out, 0.3 * samples / np.abs(samples).max(), RATE_HZ, format="FLAC")
    return out.getvalue()


def settings_for(folder: Path, mode: Mode, **options: Any) -> Settings:
    return Settings(
        embedded=EmbeddedSettings(data_dir=folder),
        blobs=BlobSettings(url=f"file://{folder / mode}"),
        bulk=BulkSettings(mode=mode, **options),
    )


def answers(settings: Settings, files: list[tuple[Literal["midi", "audio"], bytes]]) -> tuple[list[Any], Models]:
    models = Models(one_at_a_time=settings.bulk.mode == "sequential")
    sheets = [
        Sheet(
            BulkTask(source_id="job", sha256=hashlib.sha256(data).hexdigest(), kind=kind, name="a", data=data),
            set(WANTS),
        )
        for kind, data in files
    ]
    Answering(settings, make_stages(settings, EventCodec(settings), models)).fill(sheets)
    return [
        {
            want: sheet.answers[want].error or orjson.loads(sheet.answers[want].answer or "null")
            for want in sorted(sheet.answers)
        }
        for sheet in sheets
    ], models


def test_both_modes_give_the_same_answers_to_all_wants(tmp_path: Path) -> None:
    melodies = [melody(seed) for seed in range(3)]
    parallel = settings_for(tmp_path, "parallel")
    works = [WorkEntry(f"work-{n}", "A study", "Nobody", "a.mid", notes) for n, notes in enumerate(melodies)]
    Catalogue.update(parallel.catalogue_dir, works)
    files: list[tuple[Literal["midi", "audio"], bytes]] = [
        ("audio", played(melodies[0])),
        ("audio", played(melodies[1])),
        ("midi", write_midi(melodies[2])),
        ("audio", b"Dear musicians"),
    ]
    together, held = answers(parallel, files)
    one_by_one, last = answers(settings_for(tmp_path, "sequential"), files)
    assert together == one_by_one
    assert (len(held.held), len(last.held)) == (3, 1)
    for number, answer in enumerate(together[:3]):
        assert answer["identify"]["candidates"][0]["work_id"] == f"work-{number}"
        assert np.linalg.norm(answer["embeddings"]["vector"]) == pytest.approx(1.0, abs=1e-4)
    assert together[0]["instruments"][0]["probability"] >= together[0]["instruments"][-1]["probability"]
    assert together[2]["instruments"].type == "unsupported"
    assert {error.type for error in together[3].values()} == {"bad_audio"}


class LocalCodec(EventCodec):
    """A codec that knows one version of each schema, and needs no registry."""

    def register(self, topic: str) -> int:
        return list(BY_NAME).index(topic)

    def _writer_schema(self, schema_id: int) -> Any:
        return parsed_schema(list(BY_NAME)[schema_id])


def test_a_task_has_a_result_and_its_answers_in_their_typed_form(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "parallel")
    codec = LocalCodec(settings)
    tasks = [
        BulkTask(source_id="job", sha256=hashlib.sha256(data).hexdigest(), kind=kind, name=name, data=data, wants=WANTS)
        for name, kind, data in (("a.flac", "audio", played(melody(0))), ("b.mid", "midi", write_midi(melody(1))))
    ]
    values = [codec.encode("bulk-tasks", task) for task in tasks] + [b"nonsense"]
    records = [Record("bulk-tasks", 0, offset, 0.0, None, value) for offset, value in enumerate(values)]
    outputs = BulkHandler(settings, codec)(records)
    events = [codec.decode(output.topic, output.value) for output in outputs]
    assert Counter(output.topic for output in outputs) == {
        "bulk-results": 2,
        "matches": 2,
        "instruments": 2,
        "embeddings": 2,
        "dead-letters": 1,
    }
    for event in events:
        if isinstance(event, BulkResult):
            assert (event.status, [answer.want for answer in event.answers]) == ("answered", list(WANTS))
        if isinstance(event, Match):
            assert (event.kind, event.status) == ("clip", "unknown")
    (heard,) = (event for event in events if isinstance(event, Instrumentation) and event.status == "detected")
    assert (heard.name, len(heard.instruments), heard.clip_id) == ("a.flac", len(LABELS), tasks[0].sha256)
    vectors = [event for event in events if isinstance(event, Embedding)]
    assert [len(event.vector) for event in vectors] == [64, 64]
    again = [codec.decode(output.topic, output.value) for output in BulkHandler(settings, codec)(records)]
    assert [event.event_id for event in again] == [event.event_id for event in events]
    assert all(answer.stored for event in again if isinstance(event, BulkResult) for answer in event.answers)


def test_a_public_model_that_is_not_there_is_refused_by_a_sentence(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "parallel", embeddings="mert")
    offline = settings.adapters.model_copy(update={"mert": str(tmp_path / "nowhere"), "local_only": True})
    with pytest.raises(AdapterError, match=r"nowhere is no folder here|needs torch"):
        make_stages(settings.model_copy(update={"adapters": offline}), EventCodec(settings), Models(False))
