"""Run a command that the system kills when its parent dies: ``python tether.py PARENT_PID COMMAND...``

The command replaces this script, so it keeps the process id. Needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the system kill this process when the thread that started it ends, where the system can."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    parent, command = int(sys.argv[1]), sys.argv[2:]
    die_with_parent()
    if os.getppid() != parent:  # it died before the line above
        sys.exit("The parent has gone.")
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
