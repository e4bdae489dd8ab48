"""Works found by the embeddings of simulated performances."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from identify.music import piece, works

from processors.embeddings import EmbeddedCatalogue, NoteEmbedder, Windows
from processors.embeddings.embedder import MODEL
from processors.identify import Catalogue
from processors.notes import Notes
from processors.training.performances import PIANIST, TRANSCRIPT, Player, perform, transpose

COUNT = 40


@pytest.fixture(scope="module")
def embedder() -> NoteEmbedder:
    return NoteEmbedder()


@pytest.fixture(scope="module")
def embedded(embedder: NoteEmbedder, tmp_path_factory: pytest.TempPathFactory) -> EmbeddedCatalogue:
    """Forty works."""
    folder = tmp_path_factory.mktemp("embedded")
    return EmbeddedCatalogue.build(Catalogue.build(folder / "works", works(COUNT)), embedder, folder / "vectors")


def played(seed: int, player: Player) -> Notes:
    return perform(piece(seed).between(20.0, 30.0), player, np.random.default_rng(seed))


def found_first(embedded: EmbeddedCatalogue, notes: Notes) -> str:
    segment, work = embedded.works(notes)[0]
    return segment.info(work).work_id


def test_performances_find_their_work(embedded: EmbeddedCatalogue) -> None:
    right = [found_first(embedded, played(seed, PIANIST)) == f"w{seed}" for seed in range(COUNT)]
    assert np.mean(right) >= 0.95


def test_bad_transcriptions_mostly_find_their_work(embedded: EmbeddedCatalogue) -> None:
    right = [found_first(embedded, played(seed, TRANSCRIPT)) == f"w{seed}" for seed in range(COUNT)]
    assert np.mean(right) >= 0.8


@pytest.mark.parametrize(("semitones", "tempo_ratio"), [(5, 1.0), (-6, 0.5), (3, 2.0)])
def test_key_and_tempo_do_not_change_a_vector(embedder: NoteEmbedder, semitones: int, tempo_ratio: float) -> None:
    notes = piece(3)
    assert embedder(transpose(notes, semitones, tempo_ratio)) == pytest.approx(embedder(notes), abs=2e-3)


def test_hits_tell_the_key_and_the_place(embedded: EmbeddedCatalogue) -> None:
    notes = transpose(played(7, PIANIST), 4, 1.3)
    hit = embedded.hits(notes)[0]
    assert hit.segment.info(hit.work).work_id == "w7"
    assert hit.shift == 4
    start = int(hit.segment.work_note[hit.work])
    onset_s = hit.segment.work_notes(hit.work).onset_s[hit.first - start : hit.last - start]
    assert onset_s[0] < 21.0
    assert onset_s[-1] > 29.0


def test_vectors_are_of_length_one(embedder: NoteEmbedder) -> None:
    assert np.linalg.norm(embedder(piece(5)), axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_batch_is_embedded_as_one_by_one(embedder: NoteEmbedder) -> None:
    windows = Windows.of(piece(5, bars=80), hop=1)
    assert len(windows) > 512
    some = np.arange(0, len(windows), 97)
    alone = np.concatenate([embedder.embed(windows.take(np.array([i]))) for i in some])
    assert embedder.embed(windows)[some] == pytest.approx(alone, abs=1e-5)


def test_without_enough_notes_nothing_is_found(embedded: EmbeddedCatalogue) -> None:
    notes = Notes.of(np.arange(3) * 0.5, np.array([60, 62, 64]))
    assert embedded.works(notes) == []
    assert embedded.hits(notes) == []


def test_added_works_are_found_once_they_are_embedded(embedder: NoteEmbedder, tmp_path: Path) -> None:
    folder, vectors = tmp_path / "works", tmp_path / "works" / "embeddings"
    EmbeddedCatalogue.build(Catalogue.build(folder, works(12)), embedder, vectors)
    grown = Catalogue.update(folder, add=works(1, first_seed=30))
    before = EmbeddedCatalogue.open(grown, embedder, vectors)
    assert not before.covers_all
    assert found_first(before, played(5, PIANIST)) == "w5"
    assert found_first(before, played(30, PIANIST)) != "w30"
    after = EmbeddedCatalogue.build(grown, embedder, vectors)
    assert after.covers_all
    assert found_first(after, played(30, PIANIST)) == "w30"


def test_removed_works_are_not_hit(embedder: NoteEmbedder, tmp_path: Path) -> None:
    EmbeddedCatalogue.build(Catalogue.build(tmp_path / "works", works(12)), embedder, tmp_path / "vectors")
    less = Catalogue.update(tmp_path / "works", remove=["w5"])
    embedded = EmbeddedCatalogue.open(less, embedder, tmp_path / "vectors")
    assert all(hit.segment.info(hit.work).work_id != "w5" for hit in embedded.hits(played(5, PIANIST)))


def test_the_model_is_the_one_its_card_describes() -> None:
    described = re.search(r"[0-9a-f]{64}", MODEL.with_suffix(".md").read_text())
    assert described is not None
    assert hashlib.sha256(MODEL.read_bytes()).hexdigest() == described[0]
