"""End a stack from another process."""

from __future__ import annotations

import psutil

from connectors.settings import Settings

from .run_state import forget, running


def take_down(settings: Settings) -> int | None:
    """End the stack that is up in ``embedded.data_dir``, and wait until it is gone.

    The supervisor stops its parts by itself. When that takes longer than its limits allow, it is killed,
    and the system kills its parts with it.

    Returns:
        The process id of the supervisor that was ended; None when no stack was up.
    """
    data_dir = settings.embedded.data_dir
    state = running(data_dir)
    process = state.process() if state else None
    if state is None or process is None:
        return None
    parts = process.children(recursive=True)
    process.terminate()
    # workers first, then servers: twice the limit for one part
    gone, _ = psutil.wait_procs([process], timeout=2 * settings.embedded.stop_timeout_s + 10)
    if not gone:
        process.kill()
    _, left = psutil.wait_procs(parts, timeout=settings.embedded.stop_timeout_s)
    for part in left:
        part.kill()
    forget(data_dir)
    return state.pid
