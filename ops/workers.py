"""Runs the workers: warm first, then in their groups, until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from connectors.settings import Settings
from schemas import topics

from .worker_logs import set_up_worker_logs

if TYPE_CHECKING:
    from connectors.registry import EventCodec

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

log = structlog.get_logger(__name__)


class WorkerError(RuntimeError):
    """The worker cannot run; the message says why and what to do."""


def run_worker(name: str, settings: Settings) -> None:
    """Run the worker ``name`` of ``WORKERS`` until it is asked to stop.

    Raises:
        WorkerError: something that it needs is missing, damaged or refuses.
        Exception: anything else that made it fail; whoever supervises the process starts it again.
    """
    # one computing thread a worker; more cores are used by more workers
    for variable in THREADS:
        os.environ.setdefault(variable, "1")
    set_up_worker_logs()
    kafka = settings.kafka.model_copy(update={"client_id": f"{settings.kafka.client_id}-{name}"})
    log.info("starting", worker=name)
    try:
        WORKERS[name](settings.model_copy(update={"kafka": kafka}))
    except _expected() as error:
        raise WorkerError(str(error)) from error
    log.info("stopped", worker=name)


def _clips(settings: Settings) -> None:
    from streams.app import serve
    from streams.clips import ClipHandler, make_clips_app

    handler = ClipHandler(settings, _ready_codec(settings))
    asyncio.run(serve(lambda: make_clips_app(settings, handler)))


def _live(settings: Settings) -> None:
    from streams.app import serve
    from streams.live import LiveHandler, make_live_app

    handler = LiveHandler(settings, _ready_codec(settings))
    asyncio.run(serve(lambda: make_live_app(settings, handler)))


def _catalogue(settings: Settings) -> None:
    from streams.catalogue import run

    _ready_codec(settings)
    run(settings, _stop_on_signal())


def _redis_sink(settings: Settings) -> None:
    from connectors.sinks.redis_sink import run

    run(settings, _stop_on_signal())


def _clickhouse_sink(settings: Settings) -> None:
    from connectors.sinks.clickhouse_sink import run

    run(settings, _stop_on_signal())


def _triggers(settings: Settings) -> None:
    from processors.triggers import Rules
    from streams.timed import TimedLoop
    from streams.triggers import TriggerAgent

    rules = Rules.load(settings.triggers.rules)
    codec = _ready_codec(settings)
    TimedLoop(settings, codec, TriggerAgent(settings, codec, rules)).run(_stop_on_signal())


def _webhook(settings: Settings) -> None:
    from connectors.webhook import run

    _ready_codec(settings)
    run(settings, _stop_on_signal())


def _error_generator(settings: Settings) -> None:
    from connectors.error_generator import make_app
    from connectors.event_sender import EventSender
    from connectors.http.server import serve
    from processors.errors import Styles

    stop = _stop_on_signal()
    styles = Styles.load(settings.error_generator.styles)
    with EventSender(settings, _ready_codec(settings)) as sender:
        app = make_app(settings, styles, lambda events: sender.send(topics.ERROR_EVENTS.name, events))
        serve(app, settings.error_generator.host, settings.embedded.error_generator_port, stop)


def _ready_codec(settings: Settings) -> EventCodec:
    """A codec whose schemas are registered, and topics to use it on; waits for a registry that is away."""
    from tenacity import Retrying

    from connectors.registry import EventCodec
    from connectors.topic_admin import create_topics
    from streams.later import RETRY_LATER

    create_topics(settings)
    codec = EventCodec(settings)
    Retrying(**RETRY_LATER)(codec.register_all)
    return codec


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a person needs."""
    from connectors.registry import SchemaRefusedError
    from connectors.topic_admin import TopicError
    from connectors.webhook import WebhookError
    from processors.errors import StylesError
    from processors.identify import CatalogueError
    from processors.triggers import RulesError

    return SchemaRefusedError, TopicError, CatalogueError, RulesError, StylesError, WebhookError


WORKERS: dict[str, Callable[[Settings], None]] = {
    "clips": _clips,
    "live": _live,
    "catalogue": _catalogue,
    "triggers": _triggers,
    "webhook": _webhook,
    "error-generator": _error_generator,
    "redis-sink": _redis_sink,
    "clickhouse-sink": _clickhouse_sink,
}
"""How each kind of worker is run."""


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
