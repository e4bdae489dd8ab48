"""Real Kafka, registry, Redis and ClickHouse for the tests of this folder, started once, on free ports.

A part that is missing fails the tests; it never skips them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.consumer import EventReader
from connectors.midi_ports import MidiPortError, port_names
from connectors.registry import EventCodec
from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.scratch import scratch_settings

from .bridges import WAIT_S, wait_until


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_tests_only() -> Iterator[None]:
    """The user's own settings must not lead the tests to the user's own servers."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CONTINUO_")]:
            patch.delenv(name)
        patch.setenv("CONTINUO_SETTINGS", os.devnull)
        yield


@pytest.fixture(scope="session")
def settings(_settings_of_the_tests_only: None) -> Iterator[Settings]:
    """Settings of the running stack: free ports, a data folder that goes away at the end."""
    with tempfile.TemporaryDirectory(prefix="continuo-tests-", ignore_cleanup_errors=True) as folder:
        yield scratch_settings(Path(folder))


@pytest.fixture(scope="session")
def stack(settings: Settings) -> Iterator[Stack]:
    """The four servers, with topics created and schemas registered; no workers (``stack.add`` adds some)."""
    from connectors.topic_admin import create_topics

    with Stack(settings) as stack:
        create_topics(settings)
        EventCodec(settings).register_all()
        yield stack


@pytest.fixture
def source() -> str:
    """A player's name that nobody else has."""
    return f"player-{uuid.uuid4()}"


@pytest.fixture
def notes(stack: Stack, settings: Settings) -> Iterator[EventReader]:
    """What comes into the topic ``notes`` from now on."""
    with EventReader(settings, EventCodec(settings), ["notes"], "latest") as reader:
        yield reader


@pytest.fixture(scope="session")
def jack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """A JACK server of its own name, without sound hardware."""
    jackd = shutil.which("jackd")
    assert jackd, "The bridge is tested through JACK: install it, on Debian with `apt-get install jackd2`."
    name = f"continuo-{uuid.uuid4().hex[:8]}"
    with pytest.MonkeyPatch.context() as patch, (tmp_path_factory.mktemp("jack") / "log").open("wb") as log:
        patch.setenv("JACK_DEFAULT_SERVER", name)
        patch.setenv("JACK_NO_START_SERVER", "1")
        command = [jackd, "--no-realtime", "--name", name, "-d", "dummy", "--rate", "48000", "--period", "1024"]
        server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(jack_answers)
            yield server
        finally:
            server.terminate()
            server.wait(WAIT_S)


def jack_answers() -> bool:
    try:
        port_names("unix_jack")
    except MidiPortError:
        return False
    return True
