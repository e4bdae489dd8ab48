"""Runs the workers: warm first, then in their groups, until SIGTERM or SIGINT."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import structlog

from connectors.settings import Settings
from connectors.telemetry import Telemetry
from connectors.telemetry.door import Door
from schemas import topics

from .computing_threads import one_computing_thread
from .group_watch import watched
from .worker_logs import set_up_worker_logs

if TYPE_CHECKING:
    from connectors.registry import EventCodec

REGISTRY = "registry"

log = structlog.get_logger(__name__)


class WorkerError(RuntimeError):
    """The worker cannot run; the message says why and what to do."""


def main(name: str) -> int:
    """Run the worker ``name`` of ``WORKERS`` with this process's settings until it is asked to stop.

    Returns:
        The process's exit code.

    Raises:
        Exception: what made it fail; whoever supervises the process starts it again.
    """
    try:
        run_worker(name, Settings())
    except WorkerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def run_worker(name: str, settings: Settings) -> None:
    """Run the worker ``name`` of ``WORKERS`` until it is asked to stop.

    Raises:
        WorkerError: something that it needs is missing, damaged or refuses.
        Exception: anything else that made it fail; whoever supervises the process starts it again.
    """
    one_computing_thread()
    redactor = set_up_worker_logs(name, settings)
    kafka = settings.kafka.model_copy(update={"client_id": f"{settings.kafka.client_id}-{name}"})
    settings = settings.model_copy(update={"kafka": kafka})
    try:
        telemetry = Telemetry.of(settings, name)
        telemetry.health.lacks("start", "It has not started yet.")
        with closing(telemetry.tracer), Door(telemetry, settings.observe) as door, watched(settings, telemetry):
            log.info("starting", metrics=door.url)
            WORKERS[name](settings, telemetry)
    except _expected() as error:
        raise WorkerError(redactor.text(str(error))) from error
    log.info("stopped")


def _clips(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.clips import ClipHandler

    run_agent(settings, ClipHandler(settings, _ready_codec(settings, telemetry)), telemetry)


def _bulk(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.bulk import BulkHandler

    run_agent(settings, BulkHandler(settings, _ready_codec(settings, telemetry)), telemetry)


def _live(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.live import LiveHandler

    handler = LiveHandler(settings, _ready_codec(settings, telemetry))
    telemetry.metrics.stage(handler.agent.stage).remembers(handler.sources)
    run_agent(settings, handler, telemetry)


def _search(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.search import SearchHandler

    run_agent(settings, SearchHandler(settings, _ready_codec(settings, telemetry)), telemetry)


def _catalogue(settings: Settings, telemetry: Telemetry) -> None:
    from streams.catalogue import run

    _ready_codec(settings, telemetry)
    run(settings, _stop_on_signal(), telemetry)


def _redis_sink(settings: Settings, telemetry: Telemetry) -> None:
    from connectors.sinks.redis_sink import run

    run(settings, _stop_on_signal(), telemetry)


def _clickhouse_sink(settings: Settings, telemetry: Telemetry) -> None:
    from connectors.sinks.clickhouse_sink import run

    run(settings, _stop_on_signal(), telemetry)


def _rhythm(settings: Settings, telemetry: Telemetry) -> None:
    """Frames, beat network, beats and sections in one process: they share imports, and a core is enough for them."""
    import numpy as np

    from processors.beats import BeatNetwork
    from processors.beats.followed import warm_up
    from processors.beats.live import beats_of
    from processors.notes import Notes
    from streams.beat_network import ENGINE, BeatNetworkAgent
    from streams.beats import BeatsAgent
    from streams.frames import FramesAgent
    from streams.sections import SectionsAgent
    from streams.timed import Agent, run_together

    from .allocator import give_back_large_pieces

    give_back_large_pieces()  # to read a long work's form takes a hundred times what a player takes
    first_notes = Notes.of(np.arange(8) * 0.5, np.full(8, 60))
    codec = _ready_codec(
        settings, telemetry, topics.FRAMES, topics.ACTIVATIONS, topics.BEATS, topics.SECTIONS, topics.DEAD_LETTERS
    )
    network = BeatNetwork()
    # compiled before the first player waits for it
    beats_of(first_notes, network)
    warm_up()
    agents: list[Agent] = [
        FramesAgent(settings, codec),
        BeatsAgent(settings, codec, telemetry),
        SectionsAgent(settings, codec, telemetry),
    ]
    if settings.rhythm.engine == ENGINE:
        agents.append(BeatNetworkAgent(settings, codec, network))
    run_together(settings, codec, agents, _stop_on_signal(), telemetry)


def _preprocess(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.preprocess import PreprocessHandler

    codec = _ready_codec(settings, telemetry, topics.SPECTRA, topics.DEAD_LETTERS)
    run_agent(settings, PreprocessHandler(settings, codec), telemetry)


def _detect(settings: Settings, telemetry: Telemetry) -> None:
    from streams.agent import run_agent
    from streams.detect import DetectHandler

    codec = _ready_codec(settings, telemetry, topics.INSTRUMENTS, topics.DEAD_LETTERS)
    run_agent(settings, DetectHandler(settings, codec), telemetry)


def _fpga(settings: Settings, telemetry: Telemetry) -> None:
    """The quantised beat network, in place of the one of the rhythm worker."""
    from fpga.consumer import FpgaConsumer
    from fpga.engines.choice import engine_of
    from fpga.engines.shipped import shipped_graph

    codec = _ready_codec(settings, telemetry, topics.ACTIVATIONS, topics.DEAD_LETTERS)
    engine = engine_of(settings.rhythm.engine, shipped_graph(), settings.fpga)
    FpgaConsumer(settings, codec, engine, telemetry).run(_stop_on_signal())


def _triggers(settings: Settings, telemetry: Telemetry) -> None:
    from processors.triggers import Rules
    from streams.timed import TimedLoop
    from streams.triggers import TriggerAgent

    rules = Rules.load(settings.triggers.rules)
    codec = _ready_codec(settings, telemetry, topics.TRIGGERS, topics.DEAD_LETTERS)
    TimedLoop(settings, codec, TriggerAgent(settings, codec, rules), telemetry).run(_stop_on_signal())


def _webhook(settings: Settings, telemetry: Telemetry) -> None:
    from connectors.webhook import run

    _ready_codec(settings, telemetry)
    run(settings, _stop_on_signal(), telemetry)


def _error_generator(settings: Settings, telemetry: Telemetry) -> None:
    from connectors.error_generator import make_app
    from connectors.event_sender import EventSender
    from connectors.http.server import serve
    from processors.errors import Styles

    stop = _stop_on_signal()
    styles = Styles.load(settings.error_generator.styles)
    with EventSender(settings, _ready_codec(settings, telemetry)) as sender:
        app = make_app(settings, styles, lambda events: sender.send(topics.ERROR_EVENTS.name, events))
        serve(app, settings.error_generator.host, settings.embedded.error_generator_port, stop, telemetry)


def _gateway(settings: Settings, telemetry: Telemetry) -> None:
    from connectors.event_sender import EventSender
    from connectors.gateway import make_gateway
    from connectors.http.server import serve
    from ops.stack.report import StackReporter
    from processors.triggers import Rules

    stop = _stop_on_signal()
    rules = Rules.load(settings.triggers.rules)
    codec = _ready_codec(settings, telemetry)
    with EventSender(settings, codec) as sender:
        app = make_gateway(settings, sender.send, rules, codec, StackReporter(settings).as_json, telemetry)
        serve(app, settings.gateway.host, settings.embedded.gateway_port, stop, telemetry, settings.gateway.connections)


def _ready_codec(settings: Settings, telemetry: Telemetry, *written: topics.Topic) -> EventCodec:
    """A codec whose schemas are registered, and topics to use it on; waits for a registry that is away.

    Args:
        written: only these need be registered; all by default. A worker that is started again is sooner back.
    """
    from tenacity import RetryCallState, Retrying

    from connectors.registry import EventCodec
    from connectors.topic_admin import create_topics
    from streams.later import RETRY_LATER

    def tell(state: RetryCallState) -> None:
        RETRY_LATER["before_sleep"](state)
        assert state.outcome is not None
        telemetry.health.waits(REGISTRY, str(state.outcome.exception()))

    create_topics(settings)
    codec = EventCodec(settings)
    for topic in written or topics.TOPICS:
        Retrying(**RETRY_LATER | {"before_sleep": tell})(codec.register, topic.name)
    telemetry.health.has(REGISTRY)
    return codec


def _expected() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a person needs."""
    from connectors.registry import SchemaRefusedError
    from connectors.telemetry.door import ObserveError
    from connectors.topic_admin import TopicError
    from connectors.tracing import TracingError
    from connectors.webhook import WebhookError
    from fpga.engines.engine import EngineError
    from processors.adapters.errors import AdapterError
    from processors.errors import StylesError
    from processors.identify import CatalogueError
    from processors.model_files import ModelError
    from processors.search.text import TextEncoderError
    from processors.triggers import RulesError

    return (
        SchemaRefusedError,
        TopicError,
        CatalogueError,
        ModelError,
        RulesError,
        StylesError,
        TextEncoderError,
        WebhookError,
        AdapterError,
        ObserveError,
        TracingError,
        EngineError,
    )


WORKERS: dict[str, Callable[[Settings, Telemetry], None]] = {
    "clips": _clips,
    "bulk": _bulk,
    "live": _live,
    "search": _search,
    "catalogue": _catalogue,
    "rhythm": _rhythm,
    "preprocess": _preprocess,
    "detect": _detect,
    "fpga": _fpga,
    "triggers": _triggers,
    "webhook": _webhook,
    "error-generator": _error_generator,
    "gateway": _gateway,
    "redis-sink": _redis_sink,
    "clickhouse-sink": _clickhouse_sink,
}
"""How each kind of worker is run."""


def _stop_on_signal() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
