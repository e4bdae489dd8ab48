"""Has the C library give large pieces of memory back as soon as they are freed."""

from __future__ import annotations

import ctypes

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's mallopt(3)."""
LARGE_BYTES = 2 << 20
FREE_BYTES = 1 << 20


def give_back_large_pieces() -> None:
    """For a worker that now and then computes with arrays of tens of megabytes, and has small ones otherwise.

    By itself glibc raises its threshold to the largest piece that was ever freed, up to 32 MB, and keeps pieces below
    it: a process is then as large for ever as its largest moment. What is above the threshold costs a little time each
    time, some 10 % where all arrays are. Other C libraries stay as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
        mallopt(M_TRIM_THRESHOLD, FREE_BYTES)
