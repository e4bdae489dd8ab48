"""Collections with layouts of their own: SMD and MAESTRO."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from music_files import midi, split

from connectors.importers import ImporterError, ImportOptions, load_importer

Write = Callable[[str, bytes | str], Path]


def test_smd_names_say_composer_and_work(write: Write, options: ImportOptions, tmp_path: Path) -> None:
    write("midi/Bach_BWV849-01_001_20090916-SMD.mid", midi(60))
    write("midi/Beethoven_WoO080_001_20081107-SMD.mid", midi(60))
    write("midi/Chopin_Op010-03_007_20100611_SMD.mid", midi(60))
    write("midi/readme.mid", midi(60))
    works, failures = split(load_importer("smd", str(tmp_path / "music"), options))
    assert [(work.composer, work.title) for work in works] == [
        ("Bach", "BWV849-01"),
        ("Beethoven", "WoO080"),
        ("Chopin", "Op010-03"),
    ]
    assert works[0].work_id == "midi/Bach_BWV849-01_001_20090916-SMD.mid"
    assert [failure.path for failure in failures] == ["midi/readme.mid"]


TABLE = (
    "canonical_composer,canonical_title,split,year,midi_filename,audio_filename,duration\n"
    '"Franz Liszt","Années de pèlerinage, S. 160",train,2018,2018/a.midi,2018/a.wav,698.66\n'
    "Alban Berg,Sonata Op. 1,train,2018,2018/gone.midi,2018/gone.wav,759.5\n"
)


def as_json() -> str:
    columns = ["canonical_composer", "canonical_title", "midi_filename"]
    rows = [
        ["Franz Liszt", "Années de pèlerinage, S. 160", "2018/a.midi"],
        ["Alban Berg", "Sonata Op. 1", "2018/gone.midi"],
    ]
    return json.dumps({column: {str(i): row[c] for i, row in enumerate(rows)} for c, column in enumerate(columns)})


@pytest.mark.parametrize(
    ("name", "table"), [("maestro-v3.0.0.csv", TABLE), ("maestro-v3.0.0.json", as_json())], ids=["csv", "json"]
)
def test_maestro_tables_name_the_performances(
    write: Write, options: ImportOptions, tmp_path: Path, name: str, table: str
) -> None:
    write("2018/a.midi", midi(60))
    write(name, table)
    works, failures = split(load_importer("maestro", str(tmp_path / "music"), options))
    assert [(work.composer, work.title, work.path) for work in works] == [
        ("Franz Liszt", "Années de pèlerinage, S. 160", "2018/a.midi")
    ]
    assert [failure.path for failure in failures] == ["2018/gone.midi"]


@pytest.mark.parametrize("table", ["a,b\n1,2\n", ""])
def test_other_tables_are_refused(write: Write, options: ImportOptions, table: str) -> None:
    file = write("maestro-v3.0.0.csv", table)
    with pytest.raises(ImporterError, match="not MAESTRO"):
        load_importer("maestro", str(file), options)


@pytest.mark.parametrize("table", ["[]", "{", '{"midi_filename": 3}'])
def test_other_json_is_refused(write: Write, options: ImportOptions, table: str) -> None:
    file = write("maestro-v3.0.0.json", table)
    with pytest.raises(ImporterError, match="not MAESTRO"):
        load_importer("maestro", str(file), options)


@pytest.mark.parametrize("name", ["smd", "maestro"])
def test_an_empty_folder_is_an_error(options: ImportOptions, tmp_path: Path, name: str) -> None:
    with pytest.raises(ImporterError, match=r"There (is|are) no"):
        load_importer(name, str(tmp_path), options)
