"""Start child processes that never outlive this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")


class Launcher:
    """Starts commands tethered to this process, each in a session of its own so that Ctrl-C does not reach it.

    Linux ties a child to the *thread* that started it, so all are started from one thread that lives
    as long as the launcher.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")

    def launch(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start ``command`` with its output appended to ``log``; no standard input."""
        return self._thread.submit(self._start, command, environment, log).result()

    def close(self) -> None:
        """Release the thread; commands that are still running are killed."""
        self._thread.shutdown()

    @staticmethod
    def _start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
