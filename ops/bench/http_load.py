"""A load generator for HTTP/1.1 that costs little beside what it loads: plain connections that are kept open."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Sequence

CONTENT_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
TICK_S = 0.0005
PATIENCE_S = 30.0


class Connection(asyncio.Protocol):
    """One request at a time; ``on_answer`` is called with its status and how long it took since it was due, seconds."""

    def __init__(self, on_answer: Callable[[Connection, int, float], None]) -> None:
        self._on_answer = on_answer
        self._transport: asyncio.Transport | None = None
        self._heard = b""
        self._due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes, due_s: float) -> None:
        """Send a request that was due at ``due_s`` of the performance counter."""
        assert self._transport is not None
        self._due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, mark, body = self._heard.partition(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(head)
        if mark and length and len(body) >= int(length[1]):
            self._heard = b""
            self._on_answer(self, int(head[9:12]), time.perf_counter() - self._due_s)

    def close(self) -> None:
        """Disconnect."""
        if self._transport is not None:
            self._transport.close()


def get(host: str, port: int, path: str) -> bytes:
    """A request for a page."""
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()


def post(host: str, port: int, path: str, body: bytes) -> bytes:
    """A request that sends JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Load:
    """Requests to one server, in turn.

    Attributes:
        timings_s: of the good answers, from when each request was due.
        refused: how many answers were no 200.
    """

    def __init__(self, host: str, port: int, requests: Sequence[bytes], connections: int) -> None:
        self._address = (host, port)
        self._requests = requests
        self._count = connections
        self._free: deque[Connection] = deque()
        self._due: deque[float] = deque()
        self._sent = 0
        self.timings_s: list[float] = []
        self.refused = 0

    async def steady(self, per_s: float, seconds: float) -> None:
        """Ask evenly. What finds no free connection waits, and its wait counts."""
        connections = await self._connect()
        total, begun_s = round(per_s * seconds), time.perf_counter()
        made = 0
        while made < total:
            now_s = time.perf_counter()
            while made < total and begun_s + made / per_s <= now_s:
                self._due.append(begun_s + made / per_s)
                made += 1
            self._send()
            await asyncio.sleep(TICK_S)
        await self._answered(total, connections)

    async def flat_out(self, seconds: float) -> float:
        """Ask on all connections without a pause; says how many answers a second came."""
        connections = await self._connect()
        begun_s = time.perf_counter()
        while (now_s := time.perf_counter()) < begun_s + seconds:
            self._due.extend([now_s] * (self._count - len(self._due)))
            self._send()
            await asyncio.sleep(0)
        reached = len(self.timings_s) / (time.perf_counter() - begun_s)
        self._due.clear()
        await self._answered(self._sent, connections)
        return reached

    async def _connect(self) -> list[Connection]:
        loop = asyncio.get_running_loop()
        connections = []
        for _ in range(self._count):
            _, connection = await loop.create_connection(lambda: Connection(self._answer), *self._address)
            connections.append(connection)
        self._free = deque(connections)
        return connections

    async def _answered(self, total: int, connections: Sequence[Connection]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.timings_s) + self.refused < total:
                self._send()
                await asyncio.sleep(TICK_S)
        for connection in connections:
            connection.close()

    def _send(self) -> None:
        while self._due and self._free:
            self._free.popleft().ask(self._requests[self._sent % len(self._requests)], self._due.popleft())
            self._sent += 1

    def _answer(self, connection: Connection, status: int, took_s: float) -> None:
        self._free.append(connection)
        if status == 200:
            self.timings_s.append(took_s)
        else:
            self.refused += 1
        self._send()
