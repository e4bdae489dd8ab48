"""Holds everything on the stack together, once nothing waits any more."""

from __future__ import annotations

import time

from connectors.settings import Settings
from ops.audit import Audit, run_audit

PATIENCE_S = 90.0


def assert_nothing_lost(settings: Settings, *topics: str) -> Audit:
    """The audit when the inputs on ``topics`` and all results have arrived; fails if one has not, or has twice.

    Args:
        settings: where everything is.
        topics: the inputs that have workers. What other tests left on the others waits for ever.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        audit = run_audit(settings)
        parts = [*(audit.topics[topic] for topic in topics), *audit.stores.values()]
        waiting = sum(part.waiting for part in parts)
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert (audit.lost, waiting, audit.duplicated) == (0, 0, 0), audit
    return audit
