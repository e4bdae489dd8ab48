"""Starts workers as forks of one process that has imported what they need: at once, not after seconds of imports each.

That process is the fork server of ``multiprocessing``: it imports ``ops.preloaded``, and forks when asked. A worker has
a session, a log and an environment of its own, and is killed by the system when the process that asked for it dies.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.connection import wait
from pathlib import Path
from threading import Lock

from setproctitle import setproctitle

from ops.workers import main

from .tether import die_with_parent

PRELOADED = "ops.preloaded"


def open_nursery() -> None:
    """Let the imports begin, unless they have: the first worker has to wait for them."""
    forkserver.set_forkserver_preload([PRELOADED])
    forkserver.ensure_running()


class WorkerProcess:
    """A worker that was forked.

    Attributes:
        pid: of the process, and of its session.
    """

    def __init__(self, kind: str, environment: Mapping[str, str], log: Path) -> None:
        open_nursery()
        context = multiprocessing.get_context("forkserver")
        self._process = context.Process(target=_run, args=(kind, dict(environment), log), name=kind, daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._polling = Lock()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with self._polling:  # it can be read once
            return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Wait until it has ended, for at most ``timeout`` seconds; then as ``poll``."""
        wait([self._process.sentinel], timeout)
        return self.poll()

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()


def _run(kind: str, environment: Mapping[str, str], log: Path) -> None:
    """The life of a worker, in the forked process."""
    setproctitle(f"continuo worker {kind}")  # before the environment, beside which the title lies, changes
    os.setsid()
    die_with_parent()
    asked_by = multiprocessing.parent_process()
    if asked_by is None or not asked_by.is_alive():  # it died before the line above
        sys.exit("The supervisor has gone.")
    os.environ.clear()
    os.environ.update(environment)
    with log.open("ab") as output:
        for standard in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), standard.fileno())
    try:
        sys.exit(main(kind))
    except Exception:
        sys.excepthook(*sys.exc_info())  # multiprocessing has its own words, which may hold secrets
        sys.exit(1)
