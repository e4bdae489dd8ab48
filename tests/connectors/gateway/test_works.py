"""The catalogue by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from connectors.gateway import make_gateway
from connectors.settings import EmbeddedSettings, IdentifySettings, Settings
from processors.identify import Catalogue, WorkEntry
from processors.notes import Notes
from processors.triggers import Rules

SCALE = Notes.of(np.arange(8) * 0.5, np.array([60, 62, 64, 65, 67, 69, 71, 72]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    works = [
        WorkEntry("etudes/1.mid", "Étude in C", "Frédéric Chopin", "1.mid", SCALE),
        WorkEntry("rag", "Maple Leaf Rag", "Scott Joplin", "rag.mid", SCALE),
    ]
    Catalogue.update(tmp_path / "catalogue", works)
    return tmp_path / "catalogue"


@pytest.fixture
def gateway(folder: Path) -> Iterator[TestClient]:
    settings = Settings(embedded=EmbeddedSettings(data_dir=folder.parent), identify=IdentifySettings(catalogue=folder))
    app = make_gateway(settings, lambda topic, events: None, Rules.load())
    with TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 50_000)) as client:
        yield client


def test_works_are_found_by_words_of_title_and_composer(gateway: TestClient) -> None:
    def found(words: str) -> list[str]:
        return [work["work_id"] for work in gateway.get("/api/works", params={"words": words}).json()["works"]]

    assert found("") == ["etudes/1.mid", "rag"]
    assert found("frederic etude") == ["etudes/1.mid"]
    assert found("joplin etude") == []


def test_a_list_comes_in_parts(gateway: TestClient) -> None:
    said = gateway.get("/api/works", params={"first": 1, "count": 1}).json()
    assert (said["total"], [work["work_id"] for work in said["works"]]) == (2, ["rag"])


def test_a_works_notes_are_there_to_be_drawn(gateway: TestClient) -> None:
    said = gateway.get("/api/works/etudes/1.mid/notes").json()
    assert said["onset_s"] == SCALE.onset_s.tolist()
    assert said["pitch"] == SCALE.pitch.tolist()
    assert gateway.get("/api/works/unheard/notes").status_code == 404


def test_a_work_that_is_added_is_there_at_once(gateway: TestClient, folder: Path) -> None:
    assert gateway.get("/api/works").json()["total"] == 2
    Catalogue.update(folder, [WorkEntry("new", "New", "Nobody", "new.mid", SCALE)])
    assert gateway.get("/api/works").json()["total"] == 3
