"""Requests of every shape to the gateway, several at the same time.

The gateway runs in a process of its own, with its real server, a real Redis and a catalogue; what it would publish is
thrown away.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import httptools
import httpx
import numpy as np
import psutil

from connectors.settings import Settings
from ops.lone_gateway import lone_gateway
from ops.stack import Stack
from ops.stack.ports import HOST
from ops.stack.scratch import scratch_settings

from .http_line import Line
from .http_requests import Input, Request, input_of, made_requests
from .run import HANG_S, MOST_FINDINGS, TRIES, WARM_SHARE, Findings
from .targets import KINDS, small_catalogue

HTTP = "http"
MADE_SHARE, MADE_LEAST = 0.05, 60
"""How many requests are made for the operations; the others are these, damaged."""
LINES = 8
SLOW_S = HANG_S / 2
"""What takes longer beside others is sent again alone: a queue is no hang."""
TIMEOUT_S = 10.0
WARM_TIMEOUT_S = 240.0
NOW_AWAY = 503
"""What a gateway may say: Kafka, which is not there, cannot be asked now."""


def fuzz_http(inputs: int, seed: int, say: Callable[[str], None] = print) -> Findings:
    """Send ``inputs`` requests of all operations: right ones, wrong ones, and damaged ones."""
    found = Findings(HTTP, inputs, seed)
    with tempfile.TemporaryDirectory(prefix="continuo-fuzz-") as folder:
        settings = _hasty(scratch_settings(Path(folder)))
        with Stack(settings, ("redis",)):
            small_catalogue(settings.catalogue_dir)
            with lone_gateway(settings) as server:
                description = _warm(settings)
                count = min(inputs, max(MADE_LEAST, round(inputs * MADE_SHARE)))
                wholes = made_requests(description, settings.gateway_url.rstrip("/"), count, seed)[:inputs]
                asyncio.run(_Run(settings, server, wholes, found).feed())
    for detail in found.details:
        say(detail)
    return found


class _GoneError(Exception):
    """The gateway has ended."""


class _Run:
    """Sends all inputs, in any order, and notes what comes of them."""

    def __init__(self, settings: Settings, server: BaseProcess, wholes: Sequence[Request], found: Findings) -> None:
        self._settings = settings
        self._server = server
        self._wholes = wholes
        self._found = found
        self._process = psutil.Process(server.pid)
        self._order = np.random.default_rng(found.seed).permutation(found.inputs).tolist()
        self._slow: list[int] = []
        self._fed = 0

    async def feed(self) -> None:
        """Send everything; ends sooner where the gateway does, or where enough was found."""
        numbers = iter(self._order)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(LINES):
                    group.create_task(self._feed_line(numbers))
            line = self._line()
            for number in self._slow:
                self._judge(number, min([await self._took_s(line, number) for _ in range(TRIES)]))
            line.close()
            self._note_memory()
        except* _GoneError:
            pass

    async def _feed_line(self, numbers: Iterator[int]) -> None:
        line = self._line()
        for number in numbers:
            if self._found.count >= MOST_FINDINGS:
                break
            took_s = await self._took_s(line, number)
            if took_s > SLOW_S:
                self._slow.append(number)
            else:
                self._judge(number, took_s)
            self._fed += 1
            if self._fed == max(1, round(self._found.inputs * WARM_SHARE)):
                self._note_memory()
        line.close()

    async def _took_s(self, line: Line, number: int) -> float:
        """Send one input; how long its answer took, for ever where none came."""
        sent = input_of(self._wholes, self._found.seed, number)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await line.ask(sent.data, sent.framed)
        except TimeoutError:
            return np.inf
        except ConnectionRefusedError as error:
            await asyncio.to_thread(self._server.join, TIMEOUT_S)
            self._note(self._found.crashes, number, sent, f"{error}; it ended with {self._server.exitcode}")
            raise _GoneError from error
        except httptools.HttpParserError as error:
            self._note(self._found.errors, number, sent, f"an answer that is no HTTP: {error}")
            return 0.0
        if answer.status == 0 and sent.framed:
            self._note(self._found.errors, number, sent, "no answer")
        if answer.status >= 500 and answer.status != NOW_AWAY:
            self._note(self._found.errors, number, sent, f"{answer.status}: {answer.text!r}")
        self._found.accepted += 200 <= answer.status < 400
        return answer.took_s

    def _judge(self, number: int, took_s: float) -> None:
        if took_s > HANG_S:
            sent = input_of(self._wholes, self._found.seed, number)
            self._note(self._found.hangs, number, sent, f"took {took_s:.1f} s")
        else:
            self._found.slowest_ms = max(self._found.slowest_ms, round(took_s * 1000.0, 1))

    def _note(self, kind: list[int], number: int, sent: Input, text: str) -> None:
        if number not in kind:
            kind.append(number)
            self._found.details.append(f"{HTTP} {number}, {sent.label}: {text} to {sent.data[:500]!r}")

    def _note_memory(self) -> None:
        size_mb = self._process.memory_info().rss / 2**20
        self._found.memory_mb = (self._found.memory_mb[0] or size_mb, size_mb)

    def _line(self) -> Line:
        return Line(HOST, self._settings.embedded.gateway_port)


def _warm(settings: Settings) -> dict[str, object]:
    """Let the gateway hear a song of each kind, so that it has imported and compiled what it does when first asked.

    Returns:
        Its OpenAPI description.
    """
    with httpx.Client(base_url=settings.gateway_url, timeout=WARM_TIMEOUT_S, trust_env=False) as client:
        for name, song in (("song.mid", KINDS["midi"]().wholes[0]), ("song.wav", KINDS["audio"]().wholes[0])):
            client.post("api/analyze-song", files={"file": (name, song)})
        description: dict[str, object] = client.get("openapi.json").json()
        return description


def _hasty(settings: Settings) -> Settings:
    gateway = settings.gateway.model_copy(update={"wait_max_s": 0.5, "rhythm_max_s": 5.0})
    kafka = settings.kafka.model_copy(update={"connect_timeout_s": 0.2, "delivery_timeout_s": 0.5})
    return settings.model_copy(update={"gateway": gateway, "kafka": kafka})
