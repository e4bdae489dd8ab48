"""How much processor time a process has taken."""

from __future__ import annotations

import psutil


def core_s(process: psutil.Process) -> float:
    """Seconds since it began, in all of its threads, for itself and in the kernel."""
    used = process.cpu_times()
    return float(used.user + used.system)
