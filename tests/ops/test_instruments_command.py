"""``continuo instruments``: what a script that calls it relies on, whatever the files are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ops.cli import app
from processors.instruments import LABELS

runner = CliRunner()
RATE_HZ = 22_050
TONE = (0.4 * np.sin(2 * np.pi * 330.0 * np.arange(3 * RATE_HZ) / RATE_HZ)).astype(np.float32)
HOUR_S = 3_600


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("instruments")
    soundfile.write(folder / "tone.wav", TONE, RATE_HZ)
    soundfile.write(folder / "tone.mp3", TONE, RATE_HZ)
    soundfile.write(folder / "eight channels.wav", np.tile(TONE[:, None], (1, 8)), RATE_HZ)
    soundfile.write(folder / "192 kHz.flac", np.repeat(TONE, 4)[:192_000], 192_000)
    soundfile.write(folder / "one sample.wav", TONE[5:6], RATE_HZ)
    (folder / "text.wav").write_text("Dear musicians, please find attached the score.")
    (folder / "empty.wav").write_bytes(b"")
    whole = (folder / "tone.mp3").read_bytes()
    (folder / "truncated.mp3").write_bytes(whole[: len(whole) // 2])
    (folder / "stub.mp3").write_bytes(whole[:20])
    return folder


def lines(*arguments: str) -> list[dict[str, Any]]:
    result = runner.invoke(app, ["instruments", *arguments])
    return [json.loads(line) for line in result.stdout.splitlines()]


def error(path: Path) -> str:
    (answer,) = lines(str(path), "--json")
    assert answer["instruments"] == []
    return f"{answer['error']['type']}: {answer['error']['message']}"


@pytest.mark.parametrize("name", ["tone.wav", "tone.mp3", "eight channels.wav", "192 kHz.flac", "one sample.wav"])
def test_all_labels_are_told_most_probable_first(home: Path, name: str) -> None:
    (answer,) = lines(str(home / name), "--json")
    assert set(answer) == {"path", "instruments", "error"}
    assert answer["path"] == str(home / name)
    assert answer["error"] is None
    assert {row["label"] for row in answer["instruments"]} == set(LABELS)
    probabilities = [row["probability"] for row in answer["instruments"]]
    assert probabilities == sorted(probabilities, reverse=True)


def test_channels_and_batches_change_nothing(home: Path) -> None:
    alone, channels = lines(str(home / "tone.wav"), str(home / "eight channels.wav"), "--json")
    assert alone["instruments"] == channels["instruments"]
    many = lines(*[str(home / "tone.wav")] * 11, "--json")
    assert [answer["instruments"] for answer in many] == [alone["instruments"]] * 11


def test_a_text_file_named_wav(home: Path) -> None:
    assert "cannot be decoded as sound" in error(home / "text.wav")


def test_no_bytes_at_all(home: Path) -> None:
    assert error(home / "empty.wav").startswith("bad_audio")


def test_a_truncated_mp3_is_heard_as_far_as_it_goes(home: Path) -> None:
    (answer,) = lines(str(home / "truncated.mp3"), "--json", "--by-second")
    assert answer["error"] is None
    assert len(answer["instruments"][0]["by_second"]) == 2
    assert error(home / "stub.mp3").startswith("bad_audio")


def test_eight_hours_are_refused_before_they_fill_memory(tmp_path: Path) -> None:
    long = tmp_path / "night.flac"
    with soundfile.SoundFile(long, "w", 8_000, 1) as file:
        for _ in range(8):
            file.write(np.zeros(HOUR_S * 8_000, np.int16))
    assert error(long).startswith("too_long: The sound lasts longer than 3600 s")


def test_a_missing_file_and_a_folder(home: Path) -> None:
    assert "No such file" in error(home / "missing.wav")
    assert error(home).startswith("unreadable")


def test_jsonl_holds_a_line_for_each_file_in_order(home: Path) -> None:
    names = ["tone.wav", "text.wav", "missing.wav", "tone.mp3"]
    out = home / "out.jsonl"
    result = runner.invoke(app, ["instruments", *(str(home / name) for name in names), "--jsonl", str(out)])
    assert result.exit_code == 0
    answers = [json.loads(line) for line in out.read_text().splitlines()]
    assert [Path(answer["path"]).name for answer in answers] == names
    assert [bool(answer["error"]) for answer in answers] == [False, True, True, False]


def test_exit_codes_and_plain_answers(home: Path) -> None:
    assert runner.invoke(app, ["instruments", str(home / "tone.wav")]).exit_code == 0
    failed = runner.invoke(app, ["instruments", str(home / "text.wav"), "--json"])
    assert failed.exit_code == 1
    assert runner.invoke(app, ["instruments"]).exit_code == 2
    plain = runner.invoke(app, ["instruments", str(home / "text.wav")])
    assert "cannot be decoded" in plain.stdout
