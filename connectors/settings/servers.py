"""Settings of the servers: where they are, who we are to them, and what may be asked of them at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from .section import Section


def _home(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "continuo"


class EmbeddedSettings(Section):
    """The stack that ``continuo up`` runs on this machine, on 127.0.0.1 only."""

    data_dir: Path = Field(default_factory=lambda: _home("XDG_DATA_HOME", ".local/share"))
    cache_dir: Path = Field(
        default_factory=lambda: _home("XDG_CACHE_HOME", ".cache"), description="Jars, fetched once."
    )
    kafka_port: int = 29092
    kafka_controller_port: int = 29093
    kafka_further_ports: tuple[int, ...] = Field(
        (), description="A cluster: the ports of each further broker and its controller, one after the other."
    )
    registry_port: int = 28081
    redis_port: int = 26379
    clickhouse_port: int = 28123
    gateway_port: int = 28080
    error_generator_port: int = 28090
    kafka_heap: str = "512m"
    registry_heap: str = "256m"
    redis_max_memory: str = "256mb"
    clickhouse_statements: int = Field(4, description="Statements that run at the same time; more wait.")
    clickhouse_body_max_bytes: int = Field(64 << 20, description="The largest request, such as a batch of rows.")
    clickhouse_result_max_bytes: int = 64 << 20
    clickhouse_query_max_bytes: int = Field(1 << 30, description="Memory that one statement may take.")
    clickhouse_query_timeout_s: int = 60
    start_timeout_s: float = Field(180.0, description="A slow machine compiles the matcher for a minute once.")
    stop_timeout_s: float = 20.0
    restarts: int = Field(20, description="How often a part that died is started again within restart_window_s.")
    restart_window_s: float = 300.0

    @field_validator("kafka_further_ports")
    @classmethod
    def _are_pairs(cls, ports: tuple[int, ...]) -> tuple[int, ...]:
        if len(ports) % 2:
            raise ValueError("each further broker needs two ports, its own and its controller's")
        return ports


class KafkaSettings(Section):
    bootstrap_servers: str | None = Field(None, description="Your own brokers; empty: the embedded one.")
    client_id: str = Field("continuo", description="How a client names itself to the brokers; workers get their name.")
    instance_id: str | None = Field(
        None,
        description="Names a worker to its group across restarts, so that it gets its partitions back at once. "
        "Unique to a worker; the embedded stack gives one.",
    )
    security_protocol: Literal["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"] = "plaintext"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(
        None, description="Who may have signed the brokers' certificates; empty: the system's."
    )
    certificate_file: Path | None = Field(
        None, description="The client's own certificate, where the brokers ask for it."
    )
    key_file: Path | None = None
    replication_factor: int = 1
    session_timeout_s: float = 10.0
    connect_timeout_s: float = 10.0
    delivery_timeout_s: float = 120.0
    queue_max_records: int = Field(20_000, description="Events that wait for the brokers, per producer.")
    queue_max_bytes: int = 64 << 20

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.security_protocol.startswith("sasl") and not (self.username and self.password):
            raise ValueError(f"{self.security_protocol} needs kafka.username and kafka.password")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("kafka.certificate_file and kafka.key_file belong together")
        for file in (self.ca_file, self.certificate_file, self.key_file):
            if file is not None and not file.is_file():
                raise ValueError(f"there is no file {file}")
        return self


class RegistrySettings(Section):
    url: SecretStr | None = Field(None, description="A Confluent-compatible schema registry; empty: the embedded one.")
    ca_file: Path | None = Field(None, description="Who may have signed its certificate; empty: the system's.")
    timeout_s: float = 5.0
    retries: int = Field(2, description="Tries after the first within one call; workers try again on top of it.")
    retry_wait_s: float = 0.25


class RedisSettings(Section):
    url: SecretStr | None = Field(None, description="Your own Redis; empty: the embedded one.")
    answer_expiry_s: int = 86_400
    stream_max_length: int = 1_000
    reorder_window: int = Field(256, description="How many offsets of a partition late results may come apart.")
    batch_rows: int = 1_000
    batch_interval_s: float = 0.01
    timeout_s: float = 5.0


class ClickHouseSettings(Section):
    url: SecretStr | None = Field(None, description="http://user:password@host:8123/database; empty: the embedded one.")
    batch_rows: int = 5_000
    batch_interval_s: float = 0.25
    timeout_s: float = 30.0
    retention_days: int = Field(0, description="How long everything but works is kept; 0: for ever.")


class SinkSettings(Section):
    """What both sinks share."""

    batch_max_bytes: int = Field(16 << 20, description="A batch is written when its records have so many bytes.")
    backoff_min_s: float = Field(0.1, description="The wait after a destination was away, doubled each time.")
    backoff_max_s: float = 5.0


class BlobSettings(Section):
    url: str | None = Field(None, description="An fsspec URL, such as s3://bucket/prefix; empty: in data_dir.")
    inline_max_bytes: int = 512 << 10
    max_bytes: int = 64 << 20
