"""``python -m ops.healthcheck``: whether the worker of this container is ready; for the container's engine.

Only what comes with Python is imported, for it runs every few seconds.
"""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 4.0


def main() -> int:
    """0: ready; 1: not, and what is lacking is printed."""
    port = os.environ.get("CONTINUO_OBSERVE__PORT", "0")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=TIMEOUT_S):
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode("utf-8", "replace"))
    except OSError as error:
        print(f"The worker does not answer on port {port}: {error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
