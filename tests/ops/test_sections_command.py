"""``continuo sections``: what a script that calls it relies on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ops.cli import app
from processors.midi import write_midi
from tests.processors.onsets.tones import play
from tests.processors.sections.songs import made_song

runner = CliRunner()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sections")
    (folder / "song.mid").write_bytes(write_midi(made_song("iABAB")[0]))
    (folder / "broken.mid").write_bytes(b"this is no music")
    return folder


def test_a_file_is_answered_by_its_spans(home: Path) -> None:
    result = runner.invoke(app, ["sections", str(home / "song.mid"), "--json"])
    assert result.exit_code == 0
    answer = json.loads(result.stdout)
    assert answer["path"] == str(home / "song.mid")
    assert len(answer["sections"]) >= 3
    assert all(set(span) == {"label", "start_s", "end_s", "confidence"} for span in answer["sections"])


def test_a_sound_file_is_heard(home: Path) -> None:
    song, _ = made_song("AB", bars=2)
    rate = 22_050
    soundfile.write(home / "song.wav", play(song, rate), rate)
    result = runner.invoke(app, ["sections", str(home / "song.wav"), "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["sections"][-1]["end_s"] == pytest.approx(song.end_s, abs=1.5)


def test_what_is_no_music_is_a_sentence_and_exit_code_one(home: Path) -> None:
    result = runner.invoke(app, ["sections", str(home / "broken.mid"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]["message"]
    assert runner.invoke(app, ["sections"]).exit_code == 2


def test_each_row_has_its_line_also_for_a_failure(home: Path) -> None:
    (home / "files.csv").write_text("path\nsong.mid\nbroken.mid\nmissing.mid\nsong.mid\n")
    out = home / "out.jsonl"
    result = runner.invoke(app, ["sections", "--files", str(home / "files.csv"), "--jsonl", str(out)])
    assert result.exit_code == 0
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["path"] for line in lines] == ["song.mid", "broken.mid", "missing.mid", "song.mid"]
    assert [bool(line["sections"]) for line in lines] == [True, False, False, True]
    assert lines[0] == lines[3]
    assert np.all([line["error"]["message"] for line in lines[1:3]])
