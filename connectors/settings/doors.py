"""Settings of the doors: instruments, web pages, other people's services, and what observes us."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from .section import Section


class BridgeSettings(Section):
    """The live bridges of MIDI and of sound."""

    queue_events: int = Field(10_000, description="Events that wait for Kafka; what comes on top is counted as lost.")
    block_s: float = Field(0.1, gt=0.0, le=1.0, description="Sound is analysed in blocks of this length.")
    queue_s: float = Field(10.0, ge=1.0, description="Sound that waits to be analysed; what comes on top is lost.")
    rescan_s: float = Field(1.0, description="How often is looked whether a port went away or came back.")


class WebhookSettings(Section):
    """Triggers by HTTP POST to ``URL/api/rhythm-trigger``."""

    error_generator_url: str | None = Field(
        default_factory=lambda: os.environ.get("ERROR_GENERATOR_URL"),
        description="Who takes them; also the variable ERROR_GENERATOR_URL. Empty: the embedded error generator.",
    )
    allowed_hosts: tuple[str, ...] = Field(("127.0.0.1", "localhost"), description="Posts go to these hosts only.")
    timeout_s: float = 2.0
    retries: int = Field(4, description="Tries after the first; then the trigger is a dead letter.")
    backoff_s: float = Field(0.2, description="The wait before the second try, doubled each time.")
    give_up_s: float = Field(30.0, description="A trigger so late is a dead letter without a try.")
    breaker_failures: int = Field(5, description="So many failures in a row open the circuit.")
    breaker_reset_s: float = Field(5.0, description="After so long one post tries whether it can be closed again.")


class CueSettings(Section):
    """Triggers for lights and visuals; what is late is dropped."""

    osc_address: str = "/continuo/trigger"
    midi_channel: int = Field(9, ge=0, le=15)
    midi_notes: dict[str, int] = Field(
        {"minimal": 36, "basic": 38, "business": 42, "chaotic": 49, "philosophical": 51},
        description="The note of each kind of error; others are not sent.",
    )
    late_ms: float = Field(100.0, description="What is later than this is dropped.")


class ErrorGeneratorSettings(Section):
    """The built-in error generator."""

    host: str = "127.0.0.1"
    styles: Path | None = Field(None, description="A YAML file of styles; empty: the five that are built in.")


class GatewayToken(Section):
    """Someone who may use the gateway; ``continuo token`` makes the secret and its hash."""

    name: str = Field(min_length=1, max_length=64)
    sha256: str = Field(pattern="^[0-9a-f]{64}$", description="Of the secret, which is kept nowhere.")
    scopes: tuple[Literal["read", "publish", "rhythm"], ...] = ("read",)
    requests_per_s: int = Field(100, ge=1)


class GatewaySettings(Section):
    """The HTTP gateway."""

    host: str = "127.0.0.1"
    tokens: tuple[GatewayToken, ...] = Field((), description="Who may use it; empty: this machine only.")
    allowed_hosts: tuple[str, ...] = Field(
        ("127.0.0.1", "localhost"), description="Without tokens: what it may be called, so that no web page misuses it."
    )
    requests_per_s: int = Field(5_000, ge=1, description="Without tokens: what is answered in all.")
    body_max_bytes: int = Field(64 << 20, description="The largest upload.")
    timeout_s: float = Field(120.0, description="The longest that a request may take; streams may last.")
    connections: int = Field(2_000, description="Open at the same time; more are refused.")
    streams: int = Field(1_000, description="Live streams at the same time.")
    stream_queue: int = Field(
        256, description="Events that wait for a slow reader of a stream; older ones are dropped."
    )
    sources: int = Field(10_000, description="Live sources that are remembered.")
    players: int = Field(1_000, description="Connections that send live notes at the same time.")
    notes_per_message: int = 256
    notes_per_s: float = Field(1_000.0, gt=0.0, description="Of a connection; what is sent faster waits.")
    uploads: int = Field(8, description="Clips that are taken at the same time; more wait.")
    wait_max_s: float = Field(60.0, description="The longest that a request waits for the answer to a clip.")
    waiting: int = Field(2_000, description="Clips whose answers are waited for at the same time.")
    poll_s: float = Field(0.02, description="How often Redis is asked for answers that are waited for.")
    cache_s: float = Field(5.0, description="How long an answer is kept in memory.")
    cache_max_bytes: int = 64 << 20
    works_max: int = Field(200, description="The most works in one answer.")
    score_max_notes: int = Field(50_000, description="The most notes in one answer.")
    rhythm_sessions: int = Field(32, description="Rhythm modes that run at the same time.")
    rhythm_max_s: float = Field(3_600.0, description="The longest that one runs.")

    @model_validator(mode="after")
    def _is_closed_to_strangers(self) -> Self:
        if self.host not in ("127.0.0.1", "::1", "localhost") and not self.tokens:
            raise ValueError(f"at {self.host} others reach the gateway: gateway.tokens must name who may use it")
        return self


class ObserveSettings(Section):
    """What workers tell of themselves: ``/metrics``, ``/live`` and ``/ready``."""

    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535, description="Of each worker; 0: any that is free, named in its log.")
    stuck_s: float = Field(
        180.0,
        description="A loop that gives no sign of life for so long is stuck; longer than kafka.delivery_timeout_s.",
    )
    lag_interval_s: float = Field(10.0, ge=0.5, description="How often the brokers are asked for the lag.")


class TracingSettings(Section):
    """Traces by OpenTelemetry; needs the extra ``traces``."""

    endpoint: str | None = Field(
        None,
        description="Where spans are sent by OTLP over HTTP, such as http://collector:4318/v1/traces; empty: none.",
    )
    share: float = Field(
        0.01, ge=0.0, le=1.0, description="How many live sessions and files of bulk jobs are traced; clips all are."
    )
    queue_max_spans: int = Field(2_048, description="Spans that wait to be sent; what comes on top is dropped.")
    interval_s: float = Field(1.0, gt=0.0, description="How often they are sent.")
    timeout_s: float = 5.0
