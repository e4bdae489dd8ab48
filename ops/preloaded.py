"""Imported by the process that workers are forked from: it does once what each of them would do when it starts."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from setproctitle import setproctitle

from ops.computing_threads import one_computing_thread

MODULES = (
    "connectors.error_generator",
    "connectors.gateway",
    "connectors.sinks.clickhouse_sink",
    "connectors.sinks.redis_sink",
    "connectors.webhook",
    "ops.stack.report",
    "streams.agent",
    "streams.beat_network",
    "streams.beats",
    "streams.bulk",
    "streams.catalogue",
    "streams.clips",
    "streams.detect",
    "streams.frames",
    "streams.live",
    "streams.preprocess",
    "streams.search",
    "streams.sections",
    "streams.triggers",
    "typer",
)
"""What most workers need; the rest they import by themselves."""

os.setsid()  # Ctrl-C in a terminal is for the supervisor, which ends the workers
setproctitle("continuo workers")
one_computing_thread()
supervisor = os.getppid()
for name in MODULES:
    import_module(name)
    if os.getppid() != supervisor:
        sys.exit()  # it died, and there will be no workers
import_module("ops.warm_up").load_compiled()
