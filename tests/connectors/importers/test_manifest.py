"""Works named by a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from music_files import ABC, KERN, midi, split

from connectors.importers import ImporterError, ImportOptions, load_importer

Write = Callable[[str, bytes | str], Path]


def test_rows_become_works_in_their_order(write: Write, options: ImportOptions) -> None:
    absolute = write("elsewhere/b.krn", KERN)
    write("a.mid", midi(60))
    manifest = write(
        "m.csv",
        f'\ufeffpath,composer,title,notes,licence,work_id\na.mid,"Dvořák, Antonín",Largo,1,CC0,\n{absolute},,,3,,k1\n',
    )
    works, failures = split(load_importer("manifest", str(manifest), options))
    assert failures == []
    assert [(w.work_id, w.title, w.composer, w.path, w.licence) for w in works] == [
        ("a.mid", "Largo", "Dvořák, Antonín", "a.mid", "CC0"),
        ("k1", "In Kern", "A. Composer", str(absolute), None),
    ]
    assert all(work.midi.startswith(b"MThd") for work in works)


def test_paths_start_at_the_root(write: Write, options: ImportOptions, tmp_path: Path) -> None:
    write("deep/a.mid", midi(60))
    manifest = write("lists/m.csv", "path,title,composer\ndeep/a.mid,A,B\n")
    works, _ = split(load_importer("manifest", str(manifest), replace(options, root=tmp_path / "music")))
    assert [work.path for work in works] == ["deep/a.mid"]


def test_every_bad_row_is_reported_with_its_line_and_the_others_are_imported(
    write: Write, options: ImportOptions
) -> None:
    write("a.mid", midi(60))
    rows = [
        b"path,title,composer",
        b"gone.mid,Gone,Nobody",
        b",No path,Nobody",
        b"a.mid,Only a title",
        b"a.mid,One, field, too many",
        b"a.txt,Text,Nobody",
        "a.mid,Dvořák,Nobody".encode("iso8859-2"),
        b'a.mid,"Two\nlines",Nobody',
        b"a.mid,Fine,Somebody",
    ]
    manifest = write("m.csv", b"\n".join(rows) + b"\n")
    works, failures = split(load_importer("manifest", str(manifest), options))
    assert [work.title for work in works] == ["Two\nlines", "Fine"]
    reasons = {failure.path.rpartition(":")[2] if "csv:" in failure.path else failure.path: failure.reason
               for failure in failures}  # fmt: skip
    assert reasons.keys() == {"gone.mid", "3", "4", "5", "6", "7"}
    assert "no file" in reasons["gone.mid"]
    assert "no path" in reasons["3"]
    assert "fewer fields" in reasons["4"]
    assert "more fields" in reasons["5"]
    assert "not a music file" in reasons["6"]
    assert "not UTF-8" in reasons["7"]


def test_a_book_of_tunes_gives_a_work_a_tune(write: Write, options: ImportOptions) -> None:
    write("book.abc", ABC)
    manifest = write("m.csv", "path,title,composer,work_id\nbook.abc,A Book,Trad.,book\n")
    works, _ = split(load_importer("manifest", str(manifest), options))
    assert [(w.work_id, w.title, w.composer, w.path) for w in works] == [
        ("book#1", "One", "Trad.", "book.abc#1"),
        ("book#2", "Two", "Trad.", "book.abc#2"),
    ]


def test_damaged_scores_and_files_over_the_limit_are_reported(write: Write, options: ImportOptions) -> None:
    write("a.xml", "<score-partwise>")
    write("b.mid", midi(*range(40, 90)))
    manifest = write("m.csv", "path,title,composer\na.xml,A,B\nb.mid,A,B\n")
    _, failures = split(load_importer("manifest", str(manifest), replace(options, max_bytes=100)))
    assert ["well-formed" in failures[0].reason, "limit of 100" in failures[1].reason] == [True, True]


@pytest.mark.parametrize(
    ("content", "said"),
    [("path,composer\n", "no column title"), ("", "no column path, title, composer"), (None, "cannot be read")],
)
def test_an_unusable_manifest_is_an_error(write: Write, options: ImportOptions, content: str | None, said: str) -> None:
    manifest = write("m.csv", content) if content is not None else Path("missing.csv")
    with pytest.raises(ImporterError, match=said):
        load_importer("manifest", str(manifest), options)
