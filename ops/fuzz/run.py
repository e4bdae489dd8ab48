"""Feeds inputs in a process of its own and watches it: what ends it, what takes too long, and how large it gets."""

from __future__ import annotations

import multiprocessing
import os
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from .mutate import damaged
from .targets import KINDS, Target

HANG_S = 2.0
TRIES = 3
"""What takes longer than ``HANG_S`` is fed again, so that a busy machine is not mistaken for a hang."""
GIVE_UP_LOOKS = 100
"""So often an input may be seen at work. Looks, not seconds: what stops the feeding process stops the looks, too."""
POLL_S = 0.2
WARM_SHARE = 0.1
MOST_FINDINGS = 20
MEMORY_BYTES = 8 << 30
"""What the process may take at the most; more is refused to it, so that a bomb does not take the machine."""


@dataclass(slots=True)
class Findings:
    """What came of one kind.

    Attributes:
        inputs, accepted: how many were fed, and how many were taken as right.
        crashes, hangs, errors: numbers of the inputs that ended the process, took more than two seconds each time they
            were fed, or raised what they should not.
        slowest_ms: the longest that one input took.
        memory_mb: of the process after a tenth of the inputs, and in the end.
        details: what happened, of the first few.
    """

    kind: str
    inputs: int
    seed: int
    accepted: int = 0
    crashes: list[int] = field(default_factory=list)
    hangs: list[int] = field(default_factory=list)
    errors: list[int] = field(default_factory=list)
    slowest_ms: float = 0.0
    memory_mb: tuple[float, float] = (0.0, 0.0)
    details: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.crashes) + len(self.hangs) + len(self.errors)

    def __str__(self) -> str:
        wrong = f"{len(self.crashes)} crashes, {len(self.hangs)} hangs, {len(self.errors)} errors"
        memory = f"{self.memory_mb[0]:.0f} MB after a tenth, {self.memory_mb[1]:.0f} MB in the end"
        taken = f"{self.inputs} inputs, {self.accepted} accepted, slowest {self.slowest_ms:.0f} ms"
        return f"{self.kind}: {taken}; {wrong}; {memory}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def fuzz(kind: str, inputs: int, seed: int, keep: Path | None = None, say: Callable[[str], None] = print) -> Findings:
    """Feed damaged inputs of one kind.

    Args:
        kind: one of ``KINDS``.
        inputs: how many.
        seed: chooses the damage.
        keep: a folder for the inputs that were found.
        say: told of findings.
    """
    found = Findings(kind, inputs, seed)
    spawn = multiprocessing.get_context("spawn")
    begin = 0
    while begin < inputs and found.count < MOST_FINDINGS:
        ours, theirs = spawn.Pipe(duplex=False)
        at: Synchronized[int] = spawn.Value("q", -1)
        process = spawn.Process(target=_feed, args=(kind, begin, inputs, seed, theirs, at), daemon=True)
        process.start()
        theirs.close()
        begin = _watch(process, ours, at, found)
        ours.close()
    wholes = KINDS[kind]().wholes if found.count and keep else []
    for number in (*found.crashes, *found.hangs, *found.errors):
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{kind}-{seed}-{number}").write_bytes(damaged(wholes, seed, number))
    for detail in found.details:
        say(detail)
    return found


def _watch(process: Any, told: Connection, at: Synchronized[int], found: Findings) -> int:
    """Look after one process until it is done or has ended; gives back where to go on."""
    number, looks = -1, 0
    while True:
        try:
            while told.poll(POLL_S):
                _note(told.recv(), found)
        except EOFError:
            process.join()
            break
        if at.value != number:
            number, looks = at.value, 0
        elif number >= 0 and (looks := looks + 1) > GIVE_UP_LOOKS:
            process.kill()
            process.join()
            found.hangs.append(number)
            found.details.append(f"{found.kind} {number}: no end after {looks * POLL_S:g} s")
            return number + 1
    if process.exitcode == 0:
        return found.inputs
    if at.value < 0:
        raise RuntimeError(f"The process that feeds {found.kind} ended with {process.exitcode} before the first input.")
    found.crashes.append(at.value)
    found.details.append(f"{found.kind} {at.value}: the process ended with {process.exitcode}")
    return int(at.value) + 1


def _note(message: tuple[str, int, Any], found: Findings) -> None:
    what, number, value = message
    match what:
        case "error":
            found.errors.append(number)
            found.details.append(f"{found.kind} {number}: {value}")
        case "hang":
            found.hangs.append(number)
            found.details.append(f"{found.kind} {number}: took {value:.1f} s")
        case "warm":
            found.memory_mb = (found.memory_mb[0] or value, value)
        case "done":
            accepted, slowest_s, memory_mb = value
            found.accepted += accepted
            found.slowest_ms = round(max(found.slowest_ms, slowest_s * 1000.0), 1)
            found.memory_mb = (found.memory_mb[0], memory_mb)


def _feed(kind: str, begin: int, end: int, seed: int, tell: Connection, at: Synchronized[int]) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # decoders written in C complain of every input
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    target = KINDS[kind]()
    for whole in target.wholes:  # all is compiled and loaded before anything is timed
        target.feed(whole)
    process = psutil.Process()
    warm_at = max(begin, int(end * WARM_SHARE))
    accepted, slowest_s = 0, 0.0
    for number in range(begin, end):
        if number == warm_at:
            tell.send(("warm", number, process.memory_info().rss / 2**20))
        data = damaged(target.wholes, seed, number)
        at.value = number
        took_s = np.inf
        for _ in range(TRIES):
            started = time.perf_counter()
            taken, wrong = _taken(target, data)
            took_s = min(took_s, time.perf_counter() - started)
            if took_s <= HANG_S:
                break
        accepted += taken
        if wrong:
            tell.send(("error", number, wrong))
        slowest_s = max(slowest_s, took_s)
        if took_s > HANG_S:
            tell.send(("hang", number, took_s))
    tell.send(("done", end, (accepted, slowest_s, process.memory_info().rss / 2**20)))


def _taken(target: Target, data: bytes) -> tuple[bool, str]:
    """Whether an input was taken as right, and what it raised that it should not."""
    try:
        return target.feed(data), ""
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return False, f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
