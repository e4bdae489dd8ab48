"""Brings the whole stack up in order and keeps it up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from typing import Protocol

from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.topic_admin import create_topics
from ops.not_ready import NotReadyError
from ops.workers import WORKERS

from .errors import StackError
from .health import PROBES, Probe
from .java import JarCache
from .monitor import STARTING, Finding, Monitor
from .nursery import open_nursery
from .part import Part
from .restarts import RestartBudget
from .run_state import PartState, RunState
from .stack import Stack, embedded_servers
from .starting import Starting

TICK_S = 0.25
NEEDED = ("kafka", "registry")
"""Without these no worker can start; stores may come later."""


class View(Protocol):
    """Shows a person what happens."""

    def say(self, text: str) -> None:
        """Something happened."""
        ...

    def show(self, parts: tuple[PartState, ...]) -> None:
        """How the parts are now."""
        ...


class Supervisor:
    """Runs the servers that are not the user's own, and the workers.

    Args:
        settings: which servers to run, where, within which limits.
        clips_workers: how many workers share the topic ``clips``.
        view: told of everything that happens.
    """

    def __init__(self, settings: Settings, clips_workers: int, view: View) -> None:
        self._settings = settings
        self._view = view
        self._clips_workers = clips_workers
        self._ready = False
        self._published: RunState | None = None
        self._budgets: dict[str, RestartBudget] = {}
        self._dead: set[str] = set()
        embedded = embedded_servers(settings)
        self._own_servers: Mapping[str, Probe] = {
            name: probe(settings) for name, probe in PROBES.items() if name not in embedded
        }
        self._stack = Stack(settings, embedded)
        self._monitor = Monitor(lambda: self._stack.parts, self._own_servers)

    def run(self) -> None:
        """Bring everything up and keep it up until the calling thread is interrupted; then stop everything.

        Raises:
            StackError: something could not be brought up.
        """
        with ExitStack() as ending:  # all of it runs, in reverse order, even if the terminal has gone
            ending.callback(self._stack.close)
            ending.callback(self._monitor.close)
            ending.callback(self._view.say, "Stopping.")
            self._stack.require_ports()
            open_nursery()
            self._monitor.start()
            self._publish()
            self._start_servers()
            self._start_workers()
            while True:
                self._tick()
                time.sleep(TICK_S)

    def _start_servers(self) -> None:
        cache = JarCache(self._settings.embedded.cache_dir)
        for name in ("kafka", "registry"):
            if name not in self._own_servers:
                cache.folder(name, announce=self._view.say)
        for name, probe in self._own_servers.items():
            try:
                self._view.say(f"Your own {name}: {probe.check()}.")
            except NotReadyError as error:
                problem = f"The settings name a {name} of your own, and it is not well. {error}"
                if name in NEEDED:
                    raise StackError(problem) from error
                self._view.say(f"{problem} What needs it waits; the rest runs.")
        self._start(self._stack.parts)
        created = create_topics(self._settings)
        self._view.say(f"Topics created: {', '.join(created)}." if created else "The topics are there.")
        EventCodec(self._settings).register_all()

    def _start_workers(self) -> None:
        fpga = ["fpga"] if self._settings.rhythm.engine != "onnx" else []  # else the rhythm worker runs the network
        kinds = ["clips"] * self._clips_workers + [kind for kind in WORKERS if kind not in ("clips", "fpga")] + fpga
        workers = [self._stack.add(kind) for kind in kinds]
        for worker in workers:
            worker.start()
        self._publish()
        starting = Starting(workers, self._settings.embedded.start_timeout_s)
        while starting:
            for outcome in starting.outcomes(self._finding, time.monotonic()):
                self._view.say(outcome)
            self._tick()
            time.sleep(TICK_S)
        self._ready = True
        self._view.say(f"Ready. Watch it, and play: {self._settings.gateway_url}")

    def _start(self, parts: list[Part]) -> None:
        for part in parts:
            part.start()
        self._publish()
        for part in parts:
            self._view.say(f"{part.title}: {part.wait_healthy()}.")

    def _tick(self) -> None:
        now = time.monotonic()
        for part in self._stack.parts:
            if part.pid is None and part.wanted:
                self._revive(part, now)
            else:
                self._dead.discard(part.name)
                part.trim_log()
        self._publish()

    def _revive(self, part: Part, now: float) -> None:
        budget = self._budget(part)
        if part.name not in self._dead:
            self._dead.add(part.name)
            budget.died(now)
            outlook = "It is given up: it dies too often." if budget.exhausted else "It will be started again."
            self._view.say(f"{part.title} ended with code {part.exit_code}; its log is {part.log}. {outlook}")
        if not budget.may_start(now):
            return
        self._dead.discard(part.name)
        budget.restarted()
        try:
            part.start()
        except StackError as error:
            self._view.say(str(error))

    def _budget(self, part: Part) -> RestartBudget:
        embedded = self._settings.embedded
        return self._budgets.setdefault(part.name, RestartBudget(embedded.restarts, embedded.restart_window_s))

    def _publish(self) -> None:
        parts = tuple(self._describe(part) for part in self._stack.parts)
        own = tuple(self._describe_own(name) for name in self._own_servers)
        state = RunState.of_this_process(self._ready, own + parts)
        if state != self._published:
            state.write(self._settings.embedded.data_dir)
            self._published = state
        self._view.show(state.parts)

    def _describe(self, part: Part) -> PartState:
        pid, budget = part.pid, self._budget(part)
        if pid is None:
            state = "given up" if budget.exhausted else "restarting" if part.wanted and self._ready else "starting"
            return PartState(name=part.name, state=state, restarts=budget.restarts)
        found = self._finding(part)
        return PartState(name=part.name, state=found.state, says=found.says, pid=pid, restarts=budget.restarts)

    def _describe_own(self, name: str) -> PartState:
        found = self._monitor.finding(name) or STARTING
        return PartState(name=name, state=found.state, says=found.says, embedded=False)

    def _finding(self, part: Part) -> Finding:
        return self._monitor.finding(part.name, part.pid) or STARTING
