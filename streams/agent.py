"""Runs a handler of records as the Faust agent of its stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import faust
import uvloop

from connectors.settings import Settings
from connectors.telemetry import Telemetry

from .app import make_app, serve
from .delivery import Delivery
from .records import Output, Record


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """What an agent reads, and how much of it at once.

    Args:
        stage: its name; its consumer group is named after it.
        topic: the topic that it reads.
        batch_max: how many records it takes together at most.
        threads: how many batches are computed at once; of several, the handler has to be thread-safe.
    """

    stage: str
    topic: str
    batch_max: int
    threads: int = 1


class AgentHandler(Protocol):
    """Turns records into what is to be published, and says how it is to be run."""

    agent: AgentOptions

    def __call__(self, records: Sequence[Record]) -> list[Output]:
        """What is to be published, before the records count as read."""


def run_agent(settings: Settings, handler: AgentHandler, telemetry: Telemetry) -> None:
    """Run the agent until SIGTERM or SIGINT asks it to stop.

    Raises:
        BaseException: what made it fail; whoever supervises the process starts it again.
    """
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # also for the loop of Faust's consumer thread
    asyncio.run(serve(lambda: _app(settings, handler, telemetry), telemetry))


def _app(settings: Settings, handler: AgentHandler, telemetry: Telemetry) -> faust.App:
    options = handler.agent
    app = make_app(settings, options.stage)
    delivery = Delivery(
        app,
        handler,
        in_flight=settings.limits.in_flight,
        batch_max=options.batch_max,
        threads=options.threads,
        telemetry=telemetry,
    )
    app.agent(app.topic(options.topic), name=options.stage)(delivery.run)
    return app
