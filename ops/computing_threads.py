"""How many threads a process computes with."""

from __future__ import annotations

import os

COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def one_computing_thread() -> None:
    """Let libraries that are imported later compute in one thread, unless the environment says otherwise.

    More cores are used by more workers.
    """
    for variable in COUNTS:
        os.environ.setdefault(variable, "1")
