"""A part of the stack: one process with a health check."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from connectors.settings import Settings
from ops.not_ready import NotReadyError

from .errors import StackError
from .ports import require_free

POLL_S = 0.1
LOG_MAX_BYTES = 16 << 20
LOG_TAIL_LINES = 12


class Process(Protocol):
    """A process that was started; its id is that of its session, too, once it runs."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> object:
        """Wait until it has ended; after ``timeout`` seconds return or raise ``TimeoutExpired``."""
        ...

    def terminate(self) -> None:
        """Ask it to end."""
        ...


class Part(ABC):
    """Starts, watches and stops one process; its data survives a stop, a kill and a restart.

    Attributes:
        name: unique in the stack.
        wanted: it should be running; a supervisor starts it again when it is not.
        log: the file that its output is appended to.
    """

    title: str

    def __init__(self, name: str, settings: Settings) -> None:
        self.name = name
        self.wanted = False
        self.log = settings.embedded.data_dir / "logs" / f"{name}.log"
        self._settings = settings
        self._process: Process | None = None

    @abstractmethod
    def launch(self) -> Process:
        """Start the process, with its output appended to ``log``."""

    @abstractmethod
    def check(self) -> str:
        """Ask the running process how it is.

        Returns:
            What it says of itself, such as its version.

        Raises:
            NotReadyError: it does not answer as it should.
        """

    def ports(self) -> Mapping[str, int]:
        """The ports it listens on, by the name of the setting that chooses each."""
        return {}

    def prepare(self) -> None:  # noqa: B027 - most parts need nothing
        """What has to be there before it starts: folders, configuration, programs."""

    @property
    def pid(self) -> int | None:
        """The id of the running process, if it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def exit_code(self) -> int | None:
        """How the last process ended; negative is the signal that ended it. None: it runs, or never ran."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start it unless it runs; does not wait until it is healthy.

        Raises:
            StackError: a port is in use, or something that it needs is missing.
        """
        self.wanted = True
        if self.pid is not None:
            return
        self.require_ports()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.trim_log()
        self.prepare()
        self._process = self.launch()

    def require_ports(self) -> None:
        """Check that it could listen where it should.

        Raises:
            StackError: a port is in use, while this part does not run.
        """
        if self.pid is None:
            for setting, port in self.ports().items():
                require_free(port, setting, self.title)

    def wait_healthy(self, timeout_s: float | None = None) -> str:
        """Wait until its health check passes.

        Args:
            timeout_s: the longest wait; by default ``embedded.start_timeout_s``.

        Raises:
            StackError: it ended, or the time is over; quotes the end of its log.
        """
        limit_s = timeout_s or self._settings.embedded.start_timeout_s
        deadline = time.monotonic() + limit_s
        while True:
            self.require_running()
            try:
                return self.check()
            except NotReadyError as reason:
                if time.monotonic() > deadline:
                    raise StackError(
                        f"{self.title} was not healthy within {limit_s:g} s: {reason} {self._last_words()}"
                    ) from reason
            time.sleep(POLL_S)

    def require_running(self) -> None:
        """Check that it has not ended by itself.

        Raises:
            StackError: it has; quotes the end of its log.
        """
        if self.exit_code is not None:
            raise StackError(f"{self.title} ended with code {self.exit_code} while it started. {self._last_words()}")

    def stop(self) -> None:
        """Ask it to end; kill it when that takes longer than ``embedded.stop_timeout_s``."""
        self.wanted = False
        self.request_stop()
        if self._process is not None:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(self._settings.embedded.stop_timeout_s)
        self._kill_group()

    def request_stop(self) -> None:
        """Ask it to end, without waiting; ``stop`` waits."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, as a power cut would. It stays wanted: a supervisor starts it again."""
        self._kill_group()

    def pause(self) -> None:
        """Freeze it, as a machine does that swaps or is suspended; ``resume`` lets it go on."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        self._signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop it, start it and wait until it is healthy."""
        self.stop()
        self.start()
        self.wait_healthy()

    def trim_log(self) -> None:
        """Keep the log bounded: past the limit it moves to ``.1`` and a new one begins."""
        if self.log.exists() and self.log.stat().st_size > LOG_MAX_BYTES:
            older = self.log.with_suffix(".log.1")
            older.write_bytes(self.log.read_bytes())
            # the running process appends to this very file, so it is emptied, not renamed
            os.truncate(self.log, 0)

    def _kill_group(self) -> None:
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        # also to what the process may have started itself
        if self._process is not None:
            with suppress(ProcessLookupError, PermissionError):
                try:
                    os.killpg(self._process.pid, number)
                except ProcessLookupError:
                    if self._process.poll() is None:  # it has just begun, and has no session yet
                        os.kill(self._process.pid, number)

    def _last_words(self) -> str:
        return f"Its log, {self.log}, ends:\n{tail(self.log)}"


def tail(log: Path, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, indented, without the frames of Java's stack traces."""
    text = log.read_text("utf-8", errors="replace") if log.exists() else ""
    told = [line for line in text.splitlines() if line.strip() and not line.startswith("\tat ")]
    return "\n".join(f"    {line}" for line in told[-lines:]) or "    (nothing)"
