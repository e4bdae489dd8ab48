"""The gateway with all that is behind it, started once for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.settings import Settings
from ops.stack import Stack

SOUND = ("preprocess", "detect")
WORKERS = ("clips", "live", "rhythm", "triggers", "webhook", "error-generator", *SOUND, "redis-sink", "gateway")


@pytest.fixture(scope="package")
def address(stack: Stack, settings: Settings) -> Iterator[str]:
    """Where the gateway answers."""
    workers = [stack.add(kind) for kind in WORKERS]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.wait_healthy()
    yield f"http://127.0.0.1:{settings.embedded.gateway_port}"
    for worker in workers:
        worker.request_stop()
    for worker in workers:
        worker.stop()
