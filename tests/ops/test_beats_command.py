"""``continuo beats``: what a script that calls it relies on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from ops.cli import app
from processors.midi import write_midi
from processors.notes import Notes

runner = CliRunner()


def march() -> Notes:
    beat_s = 0.5 * np.arange(64)
    bass = np.where(np.arange(64) % 4 == 0, 36, 48)
    return Notes.of(np.append(beat_s, beat_s), np.append(bass, 60 + np.arange(64) % 7), np.full(128, 0.4))


def test_a_line_for_every_file_in_order(tmp_path: Path) -> None:
    (tmp_path / "march.mid").write_bytes(write_midi(march()))
    (tmp_path / "broken.mid").write_bytes(b"this is no music")
    (tmp_path / "files.csv").write_text("path\nmarch.mid\nbroken.mid\nmissing.mid\nmarch.mid\n")
    arguments = ["beats", "--causal", "--files", str(tmp_path / "files.csv"), "--jsonl", str(tmp_path / "out.jsonl")]
    assert runner.invoke(app, arguments).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()]
    assert [line["path"] for line in lines] == ["march.mid", "broken.mid", "missing.mid", "march.mid"]
    assert lines[0]["beats"] == lines[3]["beats"]
    assert len(lines[0]["beats"]) > 20
    assert {"time_s", "position", "downbeat", "tempo_bpm"} <= set(lines[0]["beats"][0])
    assert lines[1]["beats"] == lines[2]["beats"] == []
    assert lines[1]["error"]["message"]


def test_a_file_that_is_no_music_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "broken.mid").write_bytes(b"this is no music")
    result = runner.invoke(app, ["beats", str(tmp_path / "broken.mid"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["message"].endswith(".")


def test_the_whole_file_or_as_it_is_played(tmp_path: Path) -> None:
    path = tmp_path / "march.mid"
    path.write_bytes(write_midi(march()))
    told = {}
    for way in ("--offline", "--causal"):
        result = runner.invoke(app, ["beats", str(path), way, "--json"])
        assert result.exit_code == 0
        told[way] = json.loads(result.stdout)["beats"]
    assert told["--offline"] != told["--causal"]
    assert told["--offline"][0]["time_s"] <= told["--causal"][0]["time_s"]
    refused = runner.invoke(app, ["beats", str(path), "--offline", "--catalogue", str(tmp_path)])
    assert refused.exit_code == 2
