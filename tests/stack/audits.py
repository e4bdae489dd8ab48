"""Holds everything on the stack together, once nothing waits any more."""

from __future__ import annotations

import time

from connectors.settings import Settings
from ops.audit import Audit, run_audit

PATIENCE_S = 90.0


def assert_nothing_lost(settings: Settings, *, with_catalogue: bool = False) -> Audit:
    """The audit when all inputs and results have arrived; fails if one has not, or has twice.

    Args:
        settings: where everything is.
        with_catalogue: a catalogue worker runs. Without one, works that other tests have published wait for ever.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        audit = run_audit(settings)
        waiting = audit.waiting - (0 if with_catalogue else audit.topics["catalogue"].waiting)
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert (audit.lost, waiting, audit.duplicated) == (0, 0, 0), audit
    return audit
