"""The networks that come with the package: opened only when they are, byte for byte, what was shipped.

``python -m processors.model_files`` writes the list anew after a network was exported.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
CHECKSUMS = HERE / "model_checksums.json"


class ModelError(RuntimeError):
    """A network must not be used; the message says why."""


def read_model(path: Path) -> bytes:
    """The bytes of a network. What lies elsewhere than in this package is the caller's own, and is not checked.

    Raises:
        ModelError: it is missing, or not what was shipped.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"The network {path} cannot be read: {error.strerror}. Install continuo again.") from error
    if path.is_relative_to(HERE):
        name = path.relative_to(HERE).as_posix()
        if hashlib.sha256(content).hexdigest() != checksums().get(name):
            raise ModelError(
                f"The network {path} is not the one that was shipped: its SHA-256 is not that of {CHECKSUMS.name}. "
                "Install continuo again; whoever has exported it anew runs `python -m processors.model_files`."
            )
    return content


@cache
def checksums() -> dict[str, str]:
    """Path within the package to SHA-256."""
    listed: dict[str, str] = json.loads(CHECKSUMS.read_text("utf-8"))
    return listed


def write_checksums() -> None:
    """List all networks of the package."""
    found = {file.relative_to(HERE).as_posix(): file for file in sorted(HERE.rglob("*.onnx"))}
    listed = {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in found.items()}
    CHECKSUMS.write_text(json.dumps(listed, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    write_checksums()
