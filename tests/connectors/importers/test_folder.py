"""Works found in a folder, and what they are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from music_files import ABC, KERN, MUSICXML, midi, split

from connectors.importers import ImporterError, ImportOptions, load_importer

Write = Callable[[str, bytes | str], Path]


def test_all_music_files_are_found_and_named(write: Write, options: ImportOptions, tmp_path: Path) -> None:
    write("Bach__Fugue_bwv_846.mid", midi(60))
    write("Scott Joplin - Solace.MIDI", midi(60))
    write("Clara_Schumann/Romance.mid", midi(60))
    write("Clara_Schumann/named.mid", midi(60, name="Drei Romanzen"))
    write("a.krn", KERN)
    write("b.musicxml", MUSICXML)
    write("c.abc", ABC)
    write("notes.txt", "no music")
    write(".hidden.mid", midi(60))
    works, failures = split(load_importer("folder", str(tmp_path / "music"), options))
    assert failures == []
    assert [(work.path, work.composer, work.title) for work in works] == [
        ("Bach__Fugue_bwv_846.mid", "Bach", "Fugue bwv 846"),
        ("Scott Joplin - Solace.MIDI", "Scott Joplin", "Solace"),
        ("a.krn", "A. Composer", "In Kern"),
        ("b.musicxml", "", "In XML"),
        ("c.abc#1", "", "One"),
        ("c.abc#2", "", "Two"),
        ("Clara_Schumann/Romance.mid", "Clara Schumann", "Romance"),
        ("Clara_Schumann/named.mid", "Clara Schumann", "Drei Romanzen"),
    ]


def test_paths_start_at_the_root_above_the_folder(write: Write, options: ImportOptions, tmp_path: Path) -> None:
    write("ref/a.mid", midi(60))
    options = replace(options, root=tmp_path)
    works, _ = split(load_importer("folder", str(tmp_path / "music" / "ref"), options))
    assert [work.work_id for work in works] == ["music/ref/a.mid"]


def test_the_name_of_a_track_with_notes_is_not_a_title(write: Write, options: ImportOptions, tmp_path: Path) -> None:
    write("tune.mid", midi(60, name="Left hand", format=0))
    works, _ = split(load_importer("folder", str(tmp_path / "music"), options))
    assert works[0].title == "tune"


def test_damaged_scores_are_reported_and_the_others_imported(
    write: Write, options: ImportOptions, tmp_path: Path
) -> None:
    write("a.krn", "**kern\n4c\t4d\n")
    write("b.krn", KERN)
    write("c.mxl", b"PK\x03\x04")
    works, failures = split(load_importer("folder", str(tmp_path / "music"), options))
    assert [work.path for work in works] == ["b.krn"]
    assert [failure.path for failure in failures] == ["a.krn", "c.mxl"]


def test_a_missing_folder_is_an_error(options: ImportOptions) -> None:
    with pytest.raises(ImporterError, match="no folder"):
        load_importer("folder", "/nowhere/at/all", options)
