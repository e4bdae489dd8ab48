"""The host's side of a board: a serial line or TCP, steps on their way, timeouts, and the way back after noise."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import serial

from fpga.design import DIGEST_BYTES
from fpga.engines.engine import Codes, EngineError, Logits, States
from fpga.graph import Graph
from schemas.rhythm import Engine as EngineName

from .protocol import ANSWER, HELLO, STEP, Message, MessageReader

NUMBERS = 256


class BoardError(EngineError):
    """A board does not answer, or holds another network."""


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How a board is reached.

    Attributes:
        url: ``/dev/ttyUSB0``, or ``socket://host:port``.
        baud: of a serial line.
        timeout_s: how long an answer is waited for.
        tries: how often a step is sent before the board is given up.
        window: steps on their way at the same time.
    """

    url: str
    baud: int = 1_000_000
    timeout_s: float = 0.1
    tries: int = 3
    window: int = 4


class BoardEngine:
    """A board; see ``Engine``.

    Raises:
        BoardError: nothing answers there, or a board with another network does.
    """

    name: EngineName = "board"

    def __init__(self, graph: Graph, line: LineSettings) -> None:
        self.version = graph.version
        self.state_size = graph.state_size
        self._digest = bytes.fromhex(graph.digest)[:DIGEST_BYTES]
        self._settings = line
        self._reader = MessageReader()
        self._number = 0
        self.repeats = 0
        try:
            self._line = serial.serial_for_url(
                line.url, baudrate=line.baud, timeout=line.timeout_s, write_timeout=line.timeout_s * line.tries
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise BoardError(f"The board's line {line.url} cannot be opened: {error}") from error
        try:
            self._greet()
        except BoardError:
            self.close()
            raise

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each source; see ``Engine``. A step that is not answered in time is sent again."""
        logits = np.empty((len(codes), 2), np.int16)
        after = np.empty(states.shape, np.int16)
        waiting = list(range(len(codes) - 1, -1, -1))
        flying: OrderedDict[int, int] = OrderedDict()  # rows by sequence number
        silent = 0
        while waiting or flying:
            while waiting and len(flying) < self._settings.window:
                row = waiting.pop()
                flying[self._next()] = row
                self._send(Message(STEP, self._number, _request(codes[row], states[row])))
            answers = [m for m in self._heard() if m.kind == STEP | ANSWER and m.number in flying]
            for answer in answers:
                numbers = np.frombuffer(answer.content, "<i2")
                row = flying.pop(answer.number)
                logits[row], after[row] = numbers[:2], numbers[2:]
            silent = 0 if answers else silent + 1
            if silent:
                if silent >= self._settings.tries:
                    raise BoardError(f"The board on {self._settings.url} has not answered {silent} times.")
                self.repeats += len(flying)
                waiting += flying.values()
                flying.clear()
                self._greet()
        return logits, after

    def close(self) -> None:
        """Let go of the line."""
        self._line.close()

    def _greet(self) -> None:
        """Ask who is there until the answer to this very question comes: then both sides are at a message's start."""
        for _ in range(self._settings.tries):
            number = self._next()
            self._send(Message(HELLO, number))
            deadline = time.monotonic() + self._settings.timeout_s
            while time.monotonic() < deadline:
                for message in self._heard():
                    if message.kind == HELLO | ANSWER and message.number == number:
                        self._recognise(message.content)
                        return
        raise BoardError(f"No board answers on {self._settings.url}. Check the line, and that the bitstream is loaded.")

    def _recognise(self, digest: bytes) -> None:
        if digest != self._digest:
            raise BoardError(
                f"The board on {self._settings.url} holds the network {digest.hex()}, not {self._digest.hex()} "
                f"({self.version}). Load the bitstream that belongs to it."
            )

    def _next(self) -> int:
        self._number = (self._number + 1) % NUMBERS
        return self._number

    def _send(self, message: Message) -> None:
        try:
            self._line.write(message.to_bytes())
        except (serial.SerialException, OSError) as error:
            raise BoardError(f"The board's line {self._settings.url} is gone: {error}") from error

    def _heard(self) -> list[Message]:
        """The messages that came; waits for the first bytes as long as the timeout says."""
        deadline = time.monotonic() + self._settings.timeout_s
        heard: list[Message] = []
        while not heard and time.monotonic() < deadline:
            try:
                data = self._line.read(max(1, self._line.in_waiting))
            except (serial.SerialException, OSError) as error:
                raise BoardError(f"The board's line {self._settings.url} is gone: {error}") from error
            heard = list(self._reader.feed(data))
        return heard


def _request(codes: Codes, state: States) -> bytes:
    return state.astype("<i2").tobytes() + codes.astype(np.int8).tobytes()
