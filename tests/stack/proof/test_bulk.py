"""Bulk jobs on real Kafka: killed, resumed, known before; every file ends with a result or an error, once."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.audit import run_audit
from ops.stack import Stack
from ops.stack.environment import environment_with
from ops.stack.part import Part
from processors.identify import Catalogue
from processors.instruments import LABELS
from schemas.bulk import BulkResult, Embedding
from schemas.events import Event, Match
from schemas.sound import Instrumentation

from ..music import Piece, make_piece

FILES = 120
PATIENCE_S = 90.0
PIECES = [make_piece(seed) for seed in range(300, 304)]
BROKEN = {
    "broken/letter.wav": b"Dear musicians, please find attached the score.",
    "broken/half.mid": PIECES[0].clip(3.0)[:-30],
    "broken/nothing.wav": b"",
    "broken/letter.mid": b"Dear musicians",
}

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def worker(stack: Stack, settings: Settings) -> Iterator[Part]:
    """Not started yet."""
    Catalogue.update(settings.catalogue_dir, [piece.entry() for piece in PIECES])
    worker = stack.add("bulk")
    yield worker
    worker.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    fill(folder, FILES, PIECES)
    return folder


def fill(folder: Path, count: int, pieces: list[Piece]) -> None:
    """Clips as files, each eighth a copy of the one before, some sound and the broken ones among them."""
    (folder / "broken").mkdir(parents=True)
    for number in range(count):
        clip = pieces[number % len(pieces)].clip((number - (number % 8 == 7)) // len(pieces) * 1.0)
        (folder / f"{number:04d}.mid").write_bytes(clip)
    noise = np.random.default_rng(0).normal(0.0, 0.1, 22_050).astype(np.float32)
    soundfile.write(folder / "noise.flac", noise, 22_050)
    for name, data in BROKEN.items():
        (folder / name).write_bytes(data)


def start_bulk(settings: Settings, folder: Path, lines: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ops.cli", "bulk", str(folder), "--jsonl", str(lines), "--json", *options]
    return subprocess.Popen(
        command, env=environment_with(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(running: subprocess.Popen[str]) -> dict[str, Any]:
    """The job's counts."""
    out, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, err
    summary: dict[str, Any] = json.loads(out)
    return summary


def rows_of(lines: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.read_text("utf-8").splitlines()]


def wait_for_lines(lines: Path, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not lines.exists() or lines.read_text("utf-8").count("\n") < count:
        assert time.monotonic() < deadline, "The job does not get on."
        time.sleep(0.02)


def results_of(settings: Settings, job: str) -> tuple[list[BulkResult], list[Match]]:
    """All that the topics hold of a job."""
    with EventReader(settings, EventCodec(settings), ["bulk-results", "matches"]) as reader:
        events = [received.event for received in reader.to_end()]
    return (
        [event for event in events if isinstance(event, BulkResult) and event.source_id == job],
        [event for event in events if isinstance(event, Match) and event.source_id == job],
    )


def test_a_job_without_a_worker_says_so_and_goes_on_when_there_is_one(
    settings: Settings, worker: Part, tmp_path: Path
) -> None:
    folder, lines = tmp_path / "songs", tmp_path / "lines.jsonl"
    fill(folder, 4, [make_piece(320)])
    impatient = settings.model_copy(update={"bulk": settings.bulk.model_copy(update={"silence_s": 2.0})})
    client = start_bulk(impatient, folder, lines, "--job", "patience")
    out, err = client.communicate(timeout=PATIENCE_S)
    assert client.returncode == 3
    assert "Does a worker run" in err
    assert json.loads(out)["finished"] is False
    worker.start()
    assert finish(start_bulk(settings, folder, lines, "--job", "patience"))["files"] == len(rows_of(lines))
    wrong = start_bulk(settings, tmp_path, lines, "--job", "patience")
    _, err = wrong.communicate(timeout=PATIENCE_S)
    assert wrong.returncode == 2
    assert "The job patience is for" in err


def test_every_want_is_answered_from_one_decode_on_its_own_topic(
    settings: Settings, worker: Part, tmp_path: Path
) -> None:
    worker.start()
    folder, lines = tmp_path / "songs", tmp_path / "lines.jsonl"
    fill(folder, 3, [make_piece(330)])
    summary = finish(start_bulk(settings, folder, lines, "--want", "instruments,embeddings,identify"))
    rows = {row["path"]: row for row in rows_of(lines)}
    assert len(rows["noise.flac"]["instruments"]) == len(LABELS)
    clip = rows["0000.mid"]
    assert clip["status"] == "answered"
    assert clip["errors"]["instruments"]["type"] == "unsupported"
    assert np.linalg.norm(clip["embeddings"]["vector"]) == pytest.approx(1.0, abs=1e-4)
    with EventReader(settings, EventCodec(settings), ["instruments", "embeddings"]) as reader:
        events = [received.event for received in reader.to_end()]
    heard = {event.name: event for event in events if isinstance(event, Instrumentation) and is_of(event, summary)}
    vectors = {event.name: event for event in events if isinstance(event, Embedding) and is_of(event, summary)}
    assert heard["noise.flac"].status == "detected"
    assert heard["0000.mid"].error is not None
    assert list(vectors["0000.mid"].vector) == clip["embeddings"]["vector"]
    assert heard.keys() == vectors.keys()


def is_of(event: Event, summary: dict[str, Any]) -> bool:
    return bool(event.source_id == summary["job"])


def test_a_job_whose_client_and_worker_are_killed_ends_with_a_result_or_an_error_for_each_file(
    settings: Settings, worker: Part, folder: Path, tmp_path: Path
) -> None:
    lines = tmp_path / "lines.jsonl"
    worker.start()
    client = start_bulk(settings, folder, lines)
    wait_for_lines(lines, 10)
    client.kill()
    client.communicate()
    worker.kill()
    client = start_bulk(settings, folder, lines)
    worker.start()
    wait_for_lines(lines, 60)
    worker.kill()
    worker.start()
    summary = finish(client)

    rows = rows_of(lines)
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert [row["path"] for row in rows] == names
    failed = {row["path"]: row["error"]["type"] for row in rows if row["status"] == "failed"}
    assert (
        failed.items()
        >= {
            "broken/half.mid": "truncated",
            "broken/letter.wav": "bad_audio",
            "broken/letter.mid": "not_midi",
            "broken/nothing.wav": "empty",
        }.items()
    )
    assert set(failed) - {"noise.flac"} == set(BROKEN)
    assert (summary["answered"], summary["failed"]) == (len(rows) - len(failed), len(failed))
    clips = [row for row in rows if row["path"].endswith(".mid") and row["status"] == "answered"]
    matched = [row for row in clips if row["identify"]["status"] == "matched"]
    assert len(matched) > 0.9 * len(clips)
    for row in matched:
        piece = PIECES[int(row["path"].removesuffix(".mid")) % len(PIECES)]
        assert row["path"].endswith("7.mid") or row["identify"]["candidates"][0]["work_id"] == piece.work_id

    results, matches = results_of(settings, summary["job"])
    computed = [result.sha256 for result in results if not result.answers[0].stored]
    # a result that is sent again has the same id
    assert len({result.event_id for result in results if not result.answers[0].stored}) == len(set(computed))
    assert {match.clip_id for match in matches} == {result.sha256 for result in results}
    audit = run_audit(settings, stores=False).topics["bulk-tasks"]
    assert (audit.lost, audit.waiting) == (0, 0)


def test_files_that_were_seen_before_are_answered_from_the_store(
    settings: Settings, worker: Part, tmp_path: Path
) -> None:
    worker.start()
    first, second = tmp_path / "first", tmp_path / "second"
    pieces = [make_piece(seed) for seed in (310, 311)]
    fill(first, 10, pieces)
    fill(second, 12, pieces)
    finish(start_bulk(settings, first, tmp_path / "first.jsonl", "--want", "identify,instruments,embeddings"))
    summary = finish(start_bulk(settings, second, tmp_path / "second.jsonl", "--want", "embeddings,identify"))
    known = {row["sha256"]: row for row in rows_of(tmp_path / "first.jsonl")}
    for row in rows_of(tmp_path / "second.jsonl"):
        if row["sha256"]:
            assert row["stored"] == (row["sha256"] in known)
        if row["stored"]:
            assert row["identify"] == known[row["sha256"]]["identify"]
            assert row["embeddings"] == known[row["sha256"]]["embeddings"]
    assert summary["stored"] == len([row for row in rows_of(tmp_path / "second.jsonl") if row["stored"]])
