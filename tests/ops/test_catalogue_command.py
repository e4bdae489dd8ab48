"""``continuo catalogue`` as a user meets it: what it prints, what it leaves, how it exits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from ops.cli import app
from processors.identify import Catalogue, Identifier, WorkEntry
from processors.midi import read_midi, read_score, write_midi
from processors.notes import Notes


def tune(seed: int, count: int = 200) -> bytes:
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.125, 0.25, 0.5], count))
    return write_midi(Notes.of(onset, rng.integers(48, 84, count), np.full(count, 0.2)))


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUO_SETTINGS", "/dev/null")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    rows = ["path,title,composer"]
    for number in range(6):
        (folder / f"{number}.mid").write_bytes(tune(number))
        rows.append(f"{number}.mid,Tune {number},Composer {number % 2}")
    (folder / "works.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["catalogue", *map(str, arguments)])


def answer(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_built_catalogue_recognises_its_works(music: Path, out: Path) -> None:
    summary = answer("build", out, "--manifest", music / "works.csv")
    assert (summary["imported"], summary["failed"], summary["works"]) == (6, 0, 6)
    found = Identifier(Catalogue.open(out)).identify(read_midi(tune(3)).between(10, 20))
    assert found.candidates[0].path == "3.mid"


def test_bad_works_are_reported_and_the_rest_is_built(music: Path, out: Path) -> None:
    (music / "1.mid").write_bytes(tune(1)[:100])
    (music / "2.mid").write_bytes(b"no MIDI at all")
    (music / "3.mid").unlink()
    (music / "same.csv").write_text("path,title,composer\n0.mid,Again,Nobody\n")
    sources = ("--manifest", music / "works.csv", "--manifest", music / "same.csv")
    summary = answer("build", out, *sources)
    assert (summary["imported"], summary["failed"]) == (3, 4)
    reasons = {failure["path"]: failure["reason"] for failure in summary["failures"]}
    assert "truncated" in reasons["1.mid"]
    assert "MThd" in reasons["2.mid"]
    assert "no file" in reasons["3.mid"]
    assert "already" in reasons["0.mid"]
    assert run("build", out, *sources, "--strict").exit_code == 3
    shown = run("build", out, *sources)
    assert "2.mid: The bytes are not" in shown.stderr


def test_a_build_replaces_what_was_there_unless_there_is_nothing_to_build(music: Path, out: Path) -> None:
    answer("build", out, "--folder", music)
    (music / "empty.csv").write_text("path,title,composer\n")
    nothing = run("build", out, "--manifest", music / "empty.csv")
    assert nothing.exit_code == 1
    assert "not a single work" in nothing.stderr
    assert len(Catalogue.open(out)) == 6
    (music / "one.csv").write_text("path,title,composer\n5.mid,Five,Nobody\n")
    assert answer("build", out, "--manifest", music / "one.csv")["works"] == 1


def test_adding_goes_on_where_it_was_and_takes_up_changes(music: Path, out: Path) -> None:
    (music / "first.csv").write_text("path,title,composer\n0.mid,Tune 0,Composer 0\n1.mid,Old title,Composer 1\n")
    assert answer("add", out, "--manifest", music / "first.csv")["works"] == 2
    (music / "0.mid").write_bytes(tune(77, count=90))
    summary = answer("add", out, "--manifest", music / "works.csv")
    assert (summary["imported"], summary["unchanged"], summary["works"]) == (6, 0, 6)
    summary = answer("add", out, "--manifest", music / "works.csv")
    assert (summary["imported"], summary["unchanged"], summary["works"]) == (0, 6, 6)
    works = {work.work_id: work for work in Catalogue.open(out).works()}
    assert works["1.mid"].title == "Tune 1"
    assert works["0.mid"].notes_count == 90


def test_works_of_an_older_catalogue_get_the_beats_and_parts_that_it_had_none_of(music: Path, out: Path) -> None:
    answer("add", out, "--manifest", music / "works.csv")
    beats = Catalogue.open(out).score_beats("0.mid")
    assert beats is not None
    whole, poor = read_score(tune(1)), read_score(tune(2))
    entries = [
        WorkEntry("1.mid", "Tune 1", "Composer 1", "1.mid", whole.notes, None, whole.beats),
        WorkEntry("2.mid", "Tune 2", "Composer 0", "2.mid", poor.notes, None, None, poor.parts),
    ]
    Catalogue.update(out, add=entries)
    summary = answer("add", out, "--manifest", music / "works.csv")
    assert (summary["imported"], summary["unchanged"], summary["works"]) == (2, 4, 6)
    after = Catalogue.open(out)
    assert all(after.score_beats(f"{number}.mid") is not None for number in range(6))
    assert all(after.parts(f"{number}.mid") for number in range(6))


def test_removing_says_what_was_not_there(music: Path, out: Path) -> None:
    answer("build", out, "--manifest", music / "works.csv")
    result = run("remove", out, "0.mid", "nothing.mid", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["missing"] == ["nothing.mid"]
    assert answer("remove", out, "1.mid")["works"] == 4


def test_list_and_info_show_the_catalogue(music: Path, out: Path) -> None:
    answer("build", out, "--manifest", music / "works.csv")
    works = answer("list", out)
    assert [(work["work_id"], work["title"]) for work in works] == [(f"{i}.mid", f"Tune {i}") for i in range(6)]
    assert "5.mid\tComposer 1\tTune 5\t200" in run("list", out).stdout
    facts = answer("info", out)
    assert (facts["works"], facts["notes"], facts["composers"]) == (6, 1200, 2)


def test_several_kinds_of_source_make_one_catalogue(music: Path, out: Path, tmp_path: Path) -> None:
    sources = ("--folder", music, "--importer", "music21:chopin", "--root", tmp_path)
    assert answer("build", out, *sources)["works"] == 7
    paths = {work["path"] for work in answer("list", out)}
    assert {"music/0.mid", "music21/chopin/mazurka06-2.krn"} <= paths


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("build", "x"), 2, "Say where the works come from"),
        (("build", "x", "--manifest", "none.csv"), 1, "cannot be read"),
        (("build", "x", "--importer", "tape:1"), 1, "no importer 'tape'"),
        (("info", "nowhere"), 1, "nowhere"),
        (("list", "nowhere"), 1, "nowhere"),
        (("remove", "nowhere", "a"), 1, "nowhere"),
    ],
)
def test_mistakes_are_explained(
    arguments: tuple[str, ...], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output


def test_publishing_without_kafka_is_explained(music: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUO_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setenv("CONTINUO_KAFKA__CONNECT_TIMEOUT_S", "1")
    result = run("publish", "--folder", music)
    assert result.exit_code == 1
    assert "continuo up" in result.stderr
