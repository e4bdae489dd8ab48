"""The stages of bulk jobs on real sound and MIDI, with the shipped models."""

from __future__ import annotations

import hashlib
import io
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
from processors.midi import write_midi
from processors.notes import Notes
from schemas.bulk import WANTS, BulkTask
from streams.bulk.all_stages import make_stages
from streams.bulk.sheets import Answering, Sheet
from streams.bulk.stages import Models

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


def test_a_public_model_that_is_not_there_is_refused_by_a_sentence(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, "parallel", embeddings="mert")
    offline = settings.adapters.model_copy(update={"mert": str(tmp_path / "nowhere"), "local_only": True})
    with pytest.raises(AdapterError, match=r"nowhere is no folder here|needs torch"):
        make_stages(settings.model_copy(update={"adapters": offline}), EventCodec(settings), Models(False))
