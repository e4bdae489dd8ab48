"""``python -m ops.healthcheck``: whether the worker of this container is ready; for the container's engine.

Only what comes with Python is imported, for it runs every few seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from contextlib import closing

from ops.not_ready import NotReadyError, WaitsError

TIMEOUT_S = 4.0


def require_ready(port: int, timeout_s: float = TIMEOUT_S) -> None:
    """Ask the worker that tells of itself on ``port``.

    Raises:
        NotReadyError: it does not answer, or says what it lacks; ``WaitsError`` where it waits for something outside.
    """
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)) as door:
            door.request("GET", "/ready")
            told = json.load(door.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise NotReadyError(f"It does not answer on port {port}: {error or type(error).__name__}.") from error
    if told["problems"]:
        kind = WaitsError if told["waiting"] else NotReadyError
        raise kind(" ".join(f"{name}: {problem}" for name, problem in told["problems"].items()))


def main() -> int:
    """0: ready; 1: not, and what is lacking is printed."""
    try:
        require_ready(int(os.environ.get("CONTINUO_OBSERVE__PORT", "0")))
    except NotReadyError as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
