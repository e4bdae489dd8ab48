"""Holds everything on the stack together, once nothing waits any more."""

from __future__ import annotations

import time

from connectors.settings import Settings
from ops.audit import Audit, run_audit

PATIENCE_S = 90.0


def assert_nothing_lost(settings: Settings) -> Audit:
    """The audit when all inputs and results have arrived; fails if one has not, or has twice."""
    deadline = time.monotonic() + PATIENCE_S
    while (audit := run_audit(settings)).waiting and time.monotonic() < deadline:
        time.sleep(0.5)
    assert (audit.lost, audit.waiting, audit.duplicated) == (0, 0, 0), audit
    return audit
