"""Run the supervisor here until it is interrupted, or in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType

from rich.console import Console

from connectors.settings import Settings

from .environment import environment_with
from .errors import StackError
from .part import tail
from .run_state import RunState, running, sole_owner
from .supervisor import Supervisor
from .view import view_for

POLL_S = 0.2
FETCH_ALLOWANCE_S = 900.0


def run_until_interrupted(settings: Settings, clips_workers: int) -> None:
    """Run the stack until Ctrl-C, SIGTERM or SIGHUP; a second one does not wait for the parts to end by themselves.

    Raises:
        StackError: the stack cannot be brought up.
    """
    # SIGINT too: a shell that starts this in the background has it ignored
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with sole_owner(settings.embedded.data_dir), view_for(Console()) as view:
        try:
            Supervisor(settings, clips_workers, view).run()
        except KeyboardInterrupt:
            view.say("Everything has stopped.")


def run_in_background(settings: Settings, clips_workers: int) -> str:
    """Start ``continuo up`` in the background and wait until everything is up.

    Returns:
        What runs now, and what does not do so yet.

    Raises:
        StackError: it ended; says why.
    """
    data_dir = settings.embedded.data_dir
    if state := running(data_dir):
        raise StackError(f"A stack is up in {data_dir} already (process {state.pid}). End it with `continuo down`.")
    log = data_dir / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.cli", "up", "--workers", str(clips_workers)],
            env=environment_with(settings),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        state = _wait_ready(process, settings)
    except BaseException:
        process.terminate()
        raise
    if state is None:
        raise StackError(f"The stack did not come up; {log} ends:\n{tail(log)}")
    up = f"The stack is up in {data_dir} (process {state.pid}). `continuo status` shows it, `continuo down` ends it."
    unready = [f"{part.name} is {part.state}: {part.says}" for part in state.parts if part.state != "healthy"]
    return "\n".join([f"{up} Watch it, and play: {settings.gateway_url}", *unready])


def _wait_ready(process: subprocess.Popen[bytes], settings: Settings) -> RunState | None:
    deadline = time.monotonic() + FETCH_ALLOWANCE_S + settings.embedded.start_timeout_s
    while process.poll() is None and time.monotonic() < deadline:
        state = running(settings.embedded.data_dir)
        if state and state.pid == process.pid and state.ready:
            return state
        time.sleep(POLL_S)
    return None


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
