"""``continuo identify``: what a script that calls it relies on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ops.cli import app
from processors.identify import Catalogue, WorkEntry
from processors.midi import write_midi
from processors.notes import Notes
from tests.processors.onsets.tones import play

runner = CliRunner()


def tune(seed: int) -> Notes:
    rng = np.random.default_rng(seed)
    onset_s = np.cumsum(rng.choice([0.2, 0.4, 0.6], 200))
    return Notes.of(onset_s, 60 + np.cumsum(rng.integers(-4, 5, 200)) % 24, np.full(200, 0.2))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalogue of twelve works, a file of one of them, of another one, and a broken one."""
    folder = tmp_path_factory.mktemp("identify")
    entries = [WorkEntry(f"w{n}", f"Tune {n}", "Nobody", f"tunes/{n}.mid", tune(n)) for n in range(12)]
    Catalogue.build(folder / "catalogue", entries)
    (folder / "known.mid").write_bytes(write_midi(tune(3)))
    (folder / "other.mid").write_bytes(write_midi(tune(99)))
    (folder / "broken.mid").write_bytes(b"this is no music")
    return folder


def run(home: Path, *arguments: str) -> tuple[int, str]:
    result = runner.invoke(app, ["identify", *arguments, "--catalogue", str(home / "catalogue")])
    return result.exit_code, result.stdout


def test_a_file_as_json(home: Path) -> None:
    code, output = run(home, str(home / "known.mid"), "--start", "10", "--length", "12", "--json", "--top", "3")
    answer = json.loads(output)
    assert code == 0
    assert answer["status"] == "matched"
    assert len(answer["candidates"]) <= 3
    best = answer["candidates"][0]
    assert (best["work_id"], best["path"], best["title"], best["transposition"]) == ("w3", "tunes/3.mid", "Tune 3", 0)
    assert best["ref_start_s"] == pytest.approx(10.0, abs=0.5)
    assert best["ref_end_s"] == pytest.approx(22.0, abs=0.5)
    assert best["tempo_ratio"] == pytest.approx(1.0, abs=0.02)
    assert answer["latency_ms"] > 0


def test_a_file_for_people(home: Path) -> None:
    code, output = run(home, str(home / "known.mid"))
    assert code == 0
    assert "matched" in output
    assert "Tune 3" in output


def test_exit_codes_tell_what_came_out(home: Path) -> None:
    assert run(home, str(home / "other.mid"), "--length", "10", "--json")[0] == 3
    assert run(home, str(home / "broken.mid"), "--json")[0] == 1
    assert run(home, str(home / "missing.mid"), "--json")[0] == 1
    assert run(home)[0] == 2
    assert runner.invoke(app, ["identify", "x.mid", "--catalogue", str(home / "nothing")]).exit_code == 1


def test_rows_are_answered_in_order_failures_too(home: Path) -> None:
    clips = home / "clips.csv"
    clips.write_text(
        "clip_id,query_path,start_s,length_s\n"
        "a,known.mid,5,10\nb,broken.mid,0,5\nc,missing.mid,0,5\nd,known.mid,9999,5\ne,known.mid,x,5\nf,known.mid,,\n"
    )
    lines = home / "answers.jsonl"
    code, _ = run(home, "--clips", str(clips), "--root", str(home), "--jsonl", str(lines))
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert code == 0
    assert [row["clip_id"] for row in rows] == list("abcdef")
    assert [row["status"] for row in rows] == ["matched", "failed", "failed", "failed", "failed", "matched"]
    assert rows[0]["candidates"][0]["work_id"] == "w3"
    reasons = [row["error"]["type"] for row in rows if row["status"] == "failed"]
    assert reasons == ["not_midi", "unreadable", "clip_outside_file", "bad_row"]
    assert all(row["error"]["message"] for row in rows if row["status"] == "failed")


def test_a_csv_that_cannot_be_used_is_a_usage_error(home: Path) -> None:
    wrong = home / "wrong.csv"
    wrong.write_text("path\nknown.mid\n")
    assert run(home, "--clips", str(wrong))[0] == 2
    assert run(home, "--clips", str(home / "none.csv"))[0] == 2


def test_a_sound_file(home: Path) -> None:
    part = tune(5).between(20.0, 32.0)
    soundfile.write(home / "played.flac", play(part, 22_050), 22_050)
    code, output = run(home, str(home / "played.flac"), "--json")
    answer = json.loads(output)
    assert code == 0
    assert answer["candidates"][0]["work_id"] == "w5"
    assert abs(answer["candidates"][0]["ref_start_s"] - 20.0) < 2.0


def test_a_text_file_named_wav(home: Path) -> None:
    (home / "letter.wav").write_text("Dear musicians")
    code, output = run(home, str(home / "letter.wav"), "--json")
    assert code == 1
    assert json.loads(output)["error"]["type"] == "bad_audio"
