"""Real Kafka, registry, Redis and ClickHouse for the tests of this folder, started once, on free ports.

A part that is missing fails the tests; it never skips them.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.settings import Settings
from ops.stack import Stack
from ops.stack.scratch import scratch_settings


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
    from connectors.registry import EventCodec
    from connectors.topic_admin import create_topics

    with Stack(settings) as stack:
        create_topics(settings)
        EventCodec(settings).register_all()
        yield stack
