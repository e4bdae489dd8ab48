"""The scores that come with music21, converted once and kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from music_files import split

from connectors.importers import ImportedWork, ImporterError, ImportOptions, load_importer
from processors.midi import read_midi


def test_collections_are_imported_with_their_composers(options: ImportOptions) -> None:
    works, failures = split(load_importer("music21", "chopin,schumann_clara", options))
    assert failures == []
    assert {work.composer for work in works} == {"Frédéric Chopin", "Clara Schumann"}
    assert len({work.work_id for work in works}) == len(works) == 6
    assert all(len(read_midi(work.midi)) > 100 for work in works)
    assert "music21/chopin/mazurka06-2.krn" in {work.path for work in works}


def test_the_second_time_they_come_from_the_cache(options: ImportOptions) -> None:
    first = list(load_importer("music21", "chopin", options))
    (kept,) = (options.cache_dir / "scores").iterdir()
    modified = kept.stat().st_mtime_ns
    assert list(load_importer("music21", "chopin", options)) == first
    assert kept.stat().st_mtime_ns == modified


def test_a_damaged_cache_is_made_again(options: ImportOptions) -> None:
    first = list(load_importer("music21", "chopin", options))
    (kept,) = (options.cache_dir / "scores").iterdir()
    data = bytearray(kept.read_bytes())
    data[200] ^= 0xFF
    kept.write_bytes(data)
    assert list(load_importer("music21", "chopin", options)) == first
    kept.write_bytes(b"")
    assert list(load_importer("music21", "chopin", options)) == first


def test_an_unfinished_import_leaves_no_cache(options: ImportOptions) -> None:
    importer = iter(load_importer("music21", "schumann_clara", options))
    assert isinstance(next(importer), ImportedWork)
    del importer
    assert not (options.cache_dir / "scores").exists()


def test_a_cache_that_cannot_be_written_does_not_matter(options: ImportOptions) -> None:
    Path(options.cache_dir).write_text("a file where a folder should be")
    works, _ = split(load_importer("music21", "chopin", options))
    assert len(works) == 1


def test_titles_tell_works_apart(options: ImportOptions) -> None:
    works, _ = split(load_importer("music21", "leadSheet,beach,joplin", options))
    titles = [work.title for work in works]
    assert all(titles)
    assert len(set(titles)) == len(titles)


def test_all_scores_but_the_tune_books_are_meant_without_an_argument(options: ImportOptions) -> None:
    assert 1900 <= len(load_importer("music21", "", options)) <= 2100
    assert len(load_importer("music21", "all", options)) > 3000


def test_an_unknown_collection_is_an_error(options: ImportOptions) -> None:
    with pytest.raises(ImporterError, match=r"no collection beatles.*palestrina"):
        load_importer("music21", "bach,beatles", options)
