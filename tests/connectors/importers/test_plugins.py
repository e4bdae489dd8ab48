"""Importers of other packages, found by their entry points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from music_files import midi

from connectors.importers import ImportedWork, ImporterError, ImportFailure, ImportOptions, load_importer

PLUGIN = """
from connectors.importers import ImportedWork, ImportFailure

class Scale:
    def __init__(self, argument, options):
        self.pitches = argument.split("-")

    def __len__(self):
        return len(self.pitches)

    def __iter__(self):
        for pitch in self.pitches:
            yield ImportedWork(pitch, f"Note {pitch}", "Nobody", pitch, None, DATA)
        yield ImportFailure("last", "there is always one")

DATA = %r
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lays out a package as an installer would, with the entry points given."""

    def install(entry_points: str) -> None:
        site = tmp_path / "site"
        info = site / "scales-1.0.dist-info"
        info.mkdir(parents=True)
        (site / "scales.py").write_text(PLUGIN % midi(60, 62))
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: scales\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[continuo.importers]\n{entry_points}\n")
        monkeypatch.syspath_prepend(site)

    return install


def test_another_package_can_bring_an_importer(installed: Callable[[str], None], options: ImportOptions) -> None:
    installed("scale = scales:Scale")
    importer = load_importer("scale", "60-62", options)
    assert len(importer) == 2
    assert [type(item) for item in importer] == [ImportedWork, ImportedWork, ImportFailure]


def test_a_broken_plugin_is_named(installed: Callable[[str], None], options: ImportOptions) -> None:
    installed("scale = scales:Missing")
    with pytest.raises(ImporterError, match=r"'scale'.*cannot be loaded"):
        load_importer("scale", "", options)


def test_an_unknown_name_lists_what_is_installed(options: ImportOptions) -> None:
    with pytest.raises(ImporterError, match=r"no importer 'tape'.*folder, maestro, manifest, music21, smd"):
        load_importer("tape", "", options)
