"""``continuo search`` as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ops.cli import app
from processors.identify import Catalogue
from processors.midi import write_midi
from tests.processors.search.conftest import entry, models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search")
    Catalogue.build(folder / "catalogue", [entry(number) for number in range(24)])
    (folder / "played.mid").write_bytes(write_midi(entry(10).notes))
    (folder / "text.wav").write_text("no sound")
    return folder


def search(folder: Path, *arguments: str, cache: Path | None = None) -> tuple[int, dict[str, Any]]:
    environment = {"CONTINUO_EMBEDDED__CACHE_DIR": str(cache or models().parent / "continuo-test-cache")}
    command = ["search", *arguments, "--catalogue", str(folder / "catalogue"), "--json"]
    result = CliRunner().invoke(app, command, env=environment)
    return result.exit_code, json.loads(result.stdout) if result.stdout.startswith("{") else {}


def test_by_text(folder: Path) -> None:
    code, answer = search(folder, "music for solo guitar", "--top", "3")
    assert (code, answer["status"], len(answer["works"])) == (0, "found", 3)
    assert answer["works"][0]["instruments"] == ["guitar"]


def test_by_music_and_by_both(folder: Path) -> None:
    code, answer = search(folder, "--audio", str(folder / "played.mid"))
    assert (code, answer["works"][0]["work_id"]) == (0, "w10")
    _, both = search(folder, "guitar", "--audio", str(folder / "played.mid"), "--alpha", "0.3")
    assert both["works"][0]["work_id"] == "w10"


def test_more_like_a_work(folder: Path) -> None:
    code, answer = search(folder, "--like", "w2", "--tempo-min", "90")
    assert code == 0
    assert all(work["tempo_bpm"] >= 90 and work["work_id"] != "w2" for work in answer["works"])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["x", "--audio", "{}/text.wav"], "bad_audio"),
        (["--audio", "{}/../nothing.mid"], "unreadable"),
        (["x", "--audio", "{}/played.mid", "--alpha", "7"], "bad_alpha"),
        (["x", "--top", "1000000000"], "bad_top_k"),
        ([""], "no_query"),
        (["--like", "../w2"], "no_such_work"),
    ],
)
def test_what_cannot_be_searched_for_is_a_failure(folder: Path, arguments: list[str], reason: str) -> None:
    code, answer = search(folder, *[argument.format(folder) for argument in arguments])
    assert (code, answer["status"], answer["error"]["type"]) == (1, "failed", reason)
    assert answer["error"]["message"].endswith(".")


def test_without_anything_to_look_for_it_says_what_to_give(folder: Path) -> None:
    assert search(folder)[0] == 2
