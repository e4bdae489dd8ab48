"""What a running ``continuo up`` writes down about itself, for ``status`` and ``down``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import psutil
from pydantic import BaseModel, ConfigDict

from .errors import StackError

STATE_FILE = "up.json"
LOCK_FILE = "up.lock"


class PartState(BaseModel):
    """One part at one moment.

    Attributes:
        name: unique in the stack.
        state: ``starting``, ``healthy``, ``waiting``, ``unhealthy``, ``restarting`` or ``given up``.
        says: what its health check found.
        embedded: it runs under this supervisor; otherwise it is the user's own server.
        pid: its process, if it runs here.
        restarts: how often it was started again.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    state: str
    says: str = ""
    embedded: bool = True
    pid: int | None = None
    restarts: int = 0


class RunState(BaseModel):
    """The supervisor and its parts.

    Attributes:
        pid: the supervisor's process.
        started_at: when that process began, in seconds since 1970; with ``pid``, it identifies the process.
        ready: everything has been started, and is healthy or waits for something that is away.
    """

    model_config = ConfigDict(frozen=True)

    pid: int
    started_at: float
    ready: bool
    parts: tuple[PartState, ...]

    @classmethod
    def of_this_process(cls, ready: bool, parts: tuple[PartState, ...]) -> RunState:
        return cls(pid=os.getpid(), started_at=psutil.Process().create_time(), ready=ready, parts=parts)

    def process(self) -> psutil.Process | None:
        """The supervisor's process, if it still runs."""
        try:
            process = psutil.Process(self.pid)
            return process if process.create_time() == self.started_at and process.is_running() else None
        except psutil.Error:
            return None

    def write(self, data_dir: Path) -> None:
        """Publish this state; a reader sees the old one or the new one."""
        fresh = data_dir / f"{STATE_FILE}.new"
        fresh.write_text(self.model_dump_json())
        fresh.replace(data_dir / STATE_FILE)


def running(data_dir: Path) -> RunState | None:
    """The state of the stack that is up in ``data_dir``; None when none is."""
    try:
        state = RunState.model_validate_json((data_dir / STATE_FILE).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state if state.process() else None


def forget(data_dir: Path) -> None:
    """Remove what a stack that is no longer up has written down."""
    (data_dir / STATE_FILE).unlink(missing_ok=True)


@contextmanager
def sole_owner(data_dir: Path) -> Iterator[None]:
    """Hold ``data_dir`` for this process; the system lets go of it when the process dies.

    Raises:
        StackError: another process holds it.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(data_dir / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        state = running(data_dir)
        who = f" (process {state.pid})" if state else ""
        raise StackError(
            f"A stack is up in {data_dir} already{who}. "
            "Look at it with `continuo status`, end it with `continuo down`, or use another folder: "
            "embedded.data_dir in the settings, or CONTINUO_EMBEDDED__DATA_DIR."
        ) from None
    try:
        yield
    finally:
        forget(data_dir)
        lock.release()
