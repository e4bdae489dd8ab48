from __future__ import annotations

from pathlib import Path

import pytest

from processors.identify import Catalogue, Identifier

from .music import works


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Sixty works."""
    return Catalogue.build(tmp_path_factory.mktemp("works") / "catalogue", works(60))


@pytest.fixture(scope="session")
def identifier(catalogue: Catalogue) -> Identifier:
    return Identifier(catalogue)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "catalogue"
