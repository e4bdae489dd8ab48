"""What a bulk job takes of a folder, and what it says of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from ops.bulk.folder import Folder, FolderError, FolderFile
from processors.midi import write_midi
from processors.notes import Notes

MIDI = write_midi(Notes.of(np.arange(20) * 0.2, np.arange(60, 80), np.full(20, 0.2)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "songs"
    place.mkdir()
    return place


def files_of(folder: Path, max_bytes: int = 1 << 20) -> dict[str, FolderFile]:
    return {file.name: file for file in Folder(folder, max_bytes).files()}


def error_of(folder: Path, name: str) -> str:
    file = files_of(folder)[name]
    assert file.error is not None
    assert file.error.message.endswith(".")
    return file.error.type


def test_music_is_found_in_folders_within_folders_and_equal_files_have_the_same_hash(folder: Path) -> None:
    (folder / "a" / "b").mkdir(parents=True)
    for name in ("one.mid", "a/b/two.MIDI", "a/sound.wav", "a/cover.jpg", ".hidden.mid"):
        (folder / name).write_bytes(MIDI)
    found = files_of(folder)
    assert sorted(found) == ["a/b/two.MIDI", "a/sound.wav", "one.mid"]
    assert len({file.sha256 for file in found.values()}) == 1
    assert {file.kind for file in found.values()} == {"midi"}


def test_what_cannot_be_sent_is_said_of_each_file(folder: Path) -> None:
    (folder / "nothing.wav").touch()
    (folder / "letter.mid").write_bytes(b"Dear musicians")
    (folder / "gone.mid").symlink_to(folder / "nowhere.mid")
    os.mkfifo(folder / "pipe.wav")
    assert error_of(folder, "nothing.wav") == "empty"
    assert error_of(folder, "letter.mid") == "not_midi"
    assert error_of(folder, "gone.mid") == "unreadable"
    assert error_of(folder, "pipe.wav") == "unreadable"


def test_a_file_over_the_limit_is_refused(folder: Path) -> None:
    (folder / "long.wav").write_bytes(bytes(100))
    error = files_of(folder, max_bytes=99)["long.wav"].error
    assert error is not None
    assert error.type == "too_large"


def test_links_lead_to_files_of_the_folder_only(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.mid").write_bytes(MIDI)
    (folder / "a.mid").write_bytes(MIDI)
    (folder / "inside.mid").symlink_to(folder / "a.mid")
    (folder / "outside.mid").symlink_to(tmp_path / "secret.mid")
    (folder / "upwards.mid").symlink_to("../secret.mid")
    (folder / "everything").symlink_to(tmp_path)
    (folder / "loop.mid").symlink_to(folder / "loop.mid")
    assert files_of(folder)["inside.mid"].error is None
    assert error_of(folder, "outside.mid") == "outside_folder"
    assert error_of(folder, "upwards.mid") == "outside_folder"
    assert error_of(folder, "everything") == "link_to_folder"
    assert error_of(folder, "loop.mid") == "unreadable"


def test_names_that_are_no_text_are_told_as_text(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mid")).write_bytes(MIDI)
    (file,) = Folder(folder, 1 << 20).files()
    assert file.error is None
    assert file.name == "caf\N{REPLACEMENT CHARACTER}.mid"


def test_a_path_with_dots_is_resolved_and_a_missing_folder_is_refused(folder: Path) -> None:
    (folder / "a.mid").write_bytes(MIDI)
    assert list(files_of(folder / ".." / folder.name)) == ["a.mid"]
    with pytest.raises(FolderError, match="is no folder"):
        Folder(folder / "missing", 1 << 20)
