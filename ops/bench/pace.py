"""Even load, whatever the machine does meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator


def at(times_s: Iterable[float]) -> Iterator[None]:
    """Come back at each of the times, seconds from now; late ones at once, so that the offered load does not sink."""
    start = time.perf_counter()
    for time_s in times_s:
        wait_s = start + time_s - time.perf_counter()
        if wait_s > 0:
            time.sleep(wait_s)
        yield
