"""``python -m ops.healthcheck``: whether the worker of this container is ready; for the container's engine.

Only what comes with Python is imported, for it runs every few seconds.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from contextlib import closing

TIMEOUT_S = 4.0


def lacking(port: int, timeout_s: float = TIMEOUT_S) -> str | None:
    """What the worker that tells of itself on ``port`` lacks; None: it is ready."""
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)) as door:
            door.request("GET", "/ready")
            problems = json.load(door.getresponse())["problems"]
    except (OSError, http.client.HTTPException) as error:
        return f"It does not answer on port {port}: {error or type(error).__name__}."
    return " ".join(f"{name}: {problem}" for name, problem in problems.items()) or None


def main() -> int:
    """0: ready; 1: not, and what is lacking is printed."""
    lacks = lacking(int(os.environ.get("CONTINUO_OBSERVE__PORT", "0")))
    if lacks is not None:
        print(lacks)
    return 0 if lacks is None else 1


if __name__ == "__main__":
    sys.exit(main())
