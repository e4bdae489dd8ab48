"""A place for music files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.importers import ImportOptions


@pytest.fixture
def options(tmp_path: Path) -> ImportOptions:
    return ImportOptions(cache_dir=tmp_path / "cache", processes=2)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Writes a file below ``tmp_path / "music"``."""

    def write(name: str, content: bytes | str) -> Path:
        file = tmp_path / "music" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write
