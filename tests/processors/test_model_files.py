"""Shipped networks are opened only when they are what was shipped; nothing is unpickled."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

from processors import model_files
from processors.beats.network import MODEL, BeatNetwork
from processors.model_files import HERE, ModelError, checksums, read_model

ROOT = HERE.parent
NOT_RUN_AS_SERVICE = (ROOT / "processors/training", ROOT / "processors/adapters", ROOT / "fpga")
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}


def test_every_shipped_network_is_listed() -> None:
    found = {file.relative_to(HERE).as_posix(): file for file in HERE.rglob("*.onnx")}
    assert {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in found.items()} == checksums()


def test_a_network_that_was_changed_is_not_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "checksums", lambda: checksums() | {"beats/beats.onnx": "0" * 64})
    with pytest.raises(ModelError, match="not the one that was shipped"):
        BeatNetwork()


def test_a_network_of_ones_own_is_opened(tmp_path: Path) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(MODEL.read_bytes())
    assert read_model(own) == MODEL.read_bytes()
    with pytest.raises(ModelError, match="cannot be read"):
        read_model(tmp_path / "missing.onnx")


def test_networks_are_opened_by_their_bytes() -> None:
    """So that what is checked is what is opened: a session is never made of a path."""
    for path in _runtime_modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("InferenceSession"):
                assert "read_model" in path.read_text("utf-8"), path
                assert not ast.unparse(node.args[0]).startswith("str("), path


def test_nothing_is_unpickled() -> None:
    for path in _runtime_modules():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & UNSAFE, path
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert ast.unparse(node.value) == "False", path


def _runtime_modules() -> list[Path]:
    rooms = ("schemas", "processors", "connectors", "fpga", "streams", "ops")
    modules = (path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return [path for path in modules if not any(path.is_relative_to(room) for room in NOT_RUN_AS_SERVICE)]
