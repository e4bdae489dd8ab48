"""Makes and runs the Faust app of a worker, from the settings."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from typing import cast

import faust

from connectors.kafka_security import tls_context
from connectors.settings import KafkaSettings, Settings
from connectors.telemetry import Telemetry
from schemas.topics import TOPICS

from .groups import COMMIT_INTERVAL_S, GROUP_PREFIX, group_of
from .transport import Consumer, Transport

HEARTBEATS_PER_SESSION = 3
FETCH_BYTES_PER_PARTITION = 2 << 20
GIL_SWITCH_INTERVAL_S = 0.0005
WATCH_S = 0.25
"""How often is looked whether the app has its partitions."""


def make_app(settings: Settings, worker: str) -> faust.App:
    """The Faust app of a kind of worker, without agents; to be made inside the running event loop.

    Keys and values are bytes; topics are never created here; there are no tables and no web server.
    """
    session_s = settings.kafka.session_timeout_s
    data_dir = settings.embedded.data_dir / "faust" / worker
    data_dir.mkdir(parents=True, exist_ok=True)  # Faust makes the last folder only
    app = faust.App(
        group_of(worker),
        broker=[f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        broker_client_id=settings.kafka.client_id,
        broker_credentials=_credentials(settings.kafka),
        datadir=data_dir,
        key_serializer="raw",
        value_serializer="raw",
        broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / HEARTBEATS_PER_SESSION,
        broker_commit_interval=COMMIT_INTERVAL_S,
        consumer_max_fetch_size=FETCH_BYTES_PER_PARTITION,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        producer_request_timeout=settings.kafka.delivery_timeout_s,
        producer_max_request_size=max(topic.max_message_bytes for topic in TOPICS),
        stream_wait_empty=True,
        stream_buffer_maxsize=settings.limits.in_flight,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
    )
    Transport.install(app)
    return app


def _credentials(kafka: KafkaSettings) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = tls_context(kafka)
    if kafka.security_protocol.startswith("sasl") and kafka.username and kafka.password:
        return faust.SASLCredentials(
            username=kafka.username,
            password=kafka.password.get_secret_value(),
            mechanism=kafka.sasl_mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context) if context is not None else None


async def serve(build: Callable[[], faust.App], telemetry: Telemetry | None = None) -> None:
    """Run a worker's app until SIGTERM or SIGINT asks it to stop, or it fails.

    Args:
        build: makes the app, agents included; called in the running event loop.
        telemetry: told whether the event loop turns and the app has its partitions.

    Raises:
        BaseException: what made the app fail; whoever supervises the process starts it again.
    """
    # a computing thread hands the interpreter to the event loop within half a millisecond, not five
    sys.setswitchinterval(GIL_SWITCH_INTERVAL_S)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    app = build()
    try:
        await app.start()
        watching = asyncio.create_task(_watch(app, telemetry)) if telemetry else None
        await app.wait(stop.wait())  # or until the app has failed
        if watching:
            watching.cancel()
    finally:
        await app.stop()
    if app.crash_reason is not None:
        raise app.crash_reason


async def _watch(app: faust.App, telemetry: Telemetry) -> None:
    stage = telemetry.stage(app.conf.id.removeprefix(GROUP_PREFIX))
    pulse = telemetry.health.pulse("event loop")
    while True:
        pulse.beat()
        if cast(
            Consumer, app.consumer
        ).flow_active:  # it opens when the partitions have been given and sought, and closes in between
            stage.assigned()
        else:
            stage.revoked()
        await asyncio.sleep(WATCH_S)
