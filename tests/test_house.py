"""The rooms of the house: an import may only point down."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOMS = ["schemas", "processors", "connectors", "fpga", "streams", "ops"]
ROOT = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "tensorflow"}
TRAINING = (ROOT / "processors/training", ROOT / "processors/adapters", ROOT / "fpga")

MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def imported_roots(path: Path) -> set[str]:
    roots: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_down(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    above = set(ROOMS[ROOMS.index(room) + 1 :])
    assert not imported_roots(path) & above, f"{room} may not import from the rooms above it"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_runtime_needs_no_training_library(path: Path) -> None:
    if not any(path.is_relative_to(room) for room in TRAINING):
        assert not imported_roots(path) & HEAVY
