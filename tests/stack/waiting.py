"""Waits for what Redis and ClickHouse will hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import redis

PATIENCE_S = 60.0

T = TypeVar("T")


def eventually(ask: Callable[[], T], wanted: Callable[[T], bool]) -> T:
    """Ask until the answer is the wanted one; the last answer if it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            answer = ask()
            if wanted(answer) or time.monotonic() > deadline:
                return answer
        except (redis.RedisError, httpx.TransportError, IndexError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)
