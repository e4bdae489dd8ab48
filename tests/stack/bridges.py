"""Runs ``continuo bridge``, and reads what it brought into the topic ``notes``."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from connectors.consumer import EventReader
from connectors.settings import Settings
from ops.stack.environment import environment_with
from schemas.events import NoteEvent

WAIT_S = 60.0


class Bridge:
    """A running ``continuo bridge``."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        command = [sys.executable, "-m", "ops.cli", "bridge", "--json", *arguments]
        self.process = subprocess.Popen(
            command,
            env=environment_with(settings) | {"CONTINUO_BRIDGE__RESCAN_S": "0.1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, sentence: str) -> None:
        assert self.process.stderr
        seen = []
        for line in self.process.stderr:
            seen.append(line)
            if sentence in line:
                return
        raise AssertionError(f"The bridge ended without saying {sentence!r}: {''.join(seen)}")

    def end(self) -> dict[str, object]:
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=WAIT_S)
        assert out, err
        summary: dict[str, object] = json.loads(out.splitlines()[-1])
        return summary

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=WAIT_S)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def receive(reader: EventReader, source: str, count: int) -> list[NoteEvent]:
    events: list[NoteEvent] = []
    deadline = time.monotonic() + WAIT_S
    while len(events) < count:
        assert time.monotonic() < deadline, f"only {len(events)} of {count} events arrived: {events}"
        received = reader.poll()
        if received and isinstance(received.event, NoteEvent) and received.event.source_id == source:
            events.append(received.event)
    return events


def receive_within(reader: EventReader, source: str, seconds: float) -> list[NoteEvent]:
    """What has arrived when so much time is over."""
    events: list[NoteEvent] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        received = reader.poll()
        if received and isinstance(received.event, NoteEvent) and received.event.source_id == source:
            events.append(received.event)
    return events


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ops.cli", "bridge", *arguments]
    return subprocess.run(command, env=environment_with(settings), capture_output=True, text=True, timeout=WAIT_S)
