"""Files that a crash cannot leave half written, and a lock for one writer."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CatalogueError(Exception):
    """The catalogue cannot be read or written; the message says why and what to do."""


def write_durably(path: Path, parts: list[bytes | memoryview]) -> None:
    """Write ``path`` so that after a crash it holds all of ``parts`` or what it held before."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise CatalogueError(f"Cannot write {path}: {error.strerror}.") from error
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def writer_lock(folder: Path, wait_s: float) -> Iterator[None]:
    """Hold the folder's lock; the system releases it when the process dies.

    Raises:
        CatalogueError: another writer holds it for longer than ``wait_s``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    with (folder / "lock").open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise CatalogueError(
                        f"Another process is writing the catalogue {folder}; wait for it or stop it."
                    ) from None
                time.sleep(0.02)
        yield
