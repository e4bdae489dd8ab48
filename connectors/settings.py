"""Settings: one YAML file, environment variables over it.

The file is ``continuo.yaml`` in the working folder, or the one ``CONTINUO_SETTINGS`` names. A variable
such as ``CONTINUO_KAFKA__BOOTSTRAP_SERVERS`` overrides the file. ``continuo config`` prints what is in force.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from pydantic_settings import SettingsError as PydanticSettingsError

PREFIX = "CONTINUO_"
FILE_VARIABLE = "CONTINUO_SETTINGS"


class SettingsError(ValueError):
    """The settings cannot be used; the message names each value that is wrong."""


def _home(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "continuo"


class Section(BaseModel):
    """A part of the settings; unknown keys are refused, so that a typing error is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class LimitSettings(Section):
    """What one input may cost at the most."""

    midi_max_bytes: int = 16 << 20
    midi_max_notes: int = 200_000
    audio_max_bytes: int = 64 << 20
    clip_max_s: float = 3_600.0
    transcribed_max_s: float = Field(60.0, description="How much of a long sound is transcribed, from its middle.")
    decode_max_s: float = Field(30.0, description="How long decoding a sound file for its instruments may take.")
    in_flight: int = Field(64, description="Records an agent handles at once, per worker.")
    dead_letter_max_bytes: int = 256 << 10


class BridgeSettings(Section):
    """The live bridges of MIDI and of sound."""

    queue_events: int = Field(10_000, description="Events that wait for Kafka; what comes on top is counted as lost.")
    block_s: float = Field(0.1, gt=0.0, le=1.0, description="Sound is analysed in blocks of this length.")
    queue_s: float = Field(10.0, ge=1.0, description="Sound that waits to be analysed; what comes on top is lost.")
    rescan_s: float = Field(1.0, description="How often is looked whether a port went away or came back.")


class LiveSettings(Section):
    window_s: float = Field(30.0, description="How much of a source's recent playing is kept.")
    window_max_notes: int = 256
    silence_expiry_s: float = Field(120.0, description="A source silent for so long is forgotten.")
    max_sources: int = 10_000
    readback_max_events: int = Field(
        100_000, description="What a worker reads again at the most, of a partition that it takes over."
    )


class IdentifySettings(Section):
    catalogue: Path | None = Field(None, description="The index that workers answer from; empty: in data_dir.")
    top: int = 5
    compute_threads: int = 1


class BulkSettings(Section):
    """Bulk jobs: folders of files."""

    mode: Literal["parallel", "sequential"] = Field(
        "parallel", description="sequential: a worker holds one model in memory at a time. The answers are the same."
    )
    compute_threads: int = Field(1, description="Batches that a worker computes side by side; sequential: always one.")
    instruments: Literal["network", "qwen-omni"] = Field(
        "network", description="What hears instruments; qwen-omni needs the extra adapters."
    )
    embeddings: Literal["notes", "mert", "clamp3"] = Field(
        "notes", description="What embeds; mert and clamp3 need the extra adapters."
    )
    batch_files: int = Field(8, description="The most files in a batch, for which a model is loaded once.")
    batch_max_s: float = Field(600.0, description="So much decoded music is held at once, and always one file.")
    window_files: int = Field(64, description="Files that a job has in flight at the most.")
    window_bytes: int = Field(256 << 20, description="And their bytes.")
    silence_s: float = Field(300.0, description="A job gives up, to be resumed, when no result comes for so long.")


class InstrumentSettings(Section):
    """Instruments that are heard in clips."""

    ahead_max: int = Field(
        256, ge=1, description="Clips that are decoded and wait to be judged; decoding waits when there are more."
    )
    by_second_least: float = Field(
        0.1, ge=0.0, le=1.0, description="Labels that reach it in no second are told for the whole clip only."
    )
    compute_threads: int = Field(1, ge=1, description="Of each of the two workers, preprocess and detect.")


class AdapterSettings(Section):
    """Public models, where they are chosen: a folder with their weights, or an id of the Hugging Face hub."""

    mert: str = "m-a-p/MERT-v1-95M"
    mert_layer: int | None = Field(None, description="Whose features are the embedding; empty: the mean of all layers.")
    clamp3: str = "sander-wood/clamp3"
    clamp3_text: str = Field("FacebookAI/xlm-roberta-base", description="The text model's sizes and tokenizer.")
    qwen_omni: str = "Qwen/Qwen2.5-Omni-3B"
    local_only: bool = Field(False, description="Never ask the hub; what was fetched before is used.")
    device: str = Field("auto", description="auto (a GPU if there is one), cpu, cuda, cuda:1, mps.")
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    batch: int = Field(8, ge=1, description="What is computed at once: windows of sound, texts, songs.")


class SearchSettings(Section):
    """Search by text and by music."""

    query_max_characters: int = 2_000
    top_k_max: int = Field(100, description="The most works that one search may ask for.")
    timeout_s: float = Field(10.0, description="How long the gateway waits for a result.")
    cache_expiry_s: int = Field(300, description="How long Redis keeps an answer for the next who asks the same.")
    waiting_max: int = Field(256, description="Searches that a gateway waits for at the same time.")
    compute_threads: int = 1


class RhythmSettings(Section):
    """Beats and sections of live sources."""

    engine: Literal["onnx", "hls4ml", "rtl", "board"] = Field(
        "onnx", description="What turns frames into activations; with others than onnx a consumer of its own does."
    )
    readback_s: float = Field(600.0, description="How far back a worker reads what it takes over.")
    clock_window: int = Field(64, description="Notes over which a source's clock is held against ours.")


class FpgaSettings(Section):
    """The consumer that runs the quantised beat network."""

    batch_records: int = Field(256, ge=1, description="Records of frames in one transaction, at the most.")
    max_sources: int = 50_000
    readback_max_events: int = Field(1_000_000, description="Activations read again for a partition, at the most.")
    transaction_timeout_s: float = Field(10.0, description="After so long the brokers give up what a killed one began.")
    board_url: str | None = Field(None, description="The board's line: /dev/ttyUSB0, or socket://host:port.")
    board_baud: int = 3_000_000
    board_timeout_s: float = Field(0.1, gt=0.0, description="How long an answer of the board is waited for.")
    board_tries: int = Field(3, ge=1, description="Then the CPU takes over.")
    board_window: int = Field(4, ge=1, le=64, description="Steps on their way to the board at the same time.")
    board_retry_s: float = Field(5.0, description="After so long a board that was away is tried again.")


class TriggerSettings(Section):
    """When the music makes something happen."""

    rules: Path | None = Field(None, description="A YAML file of rules; empty: those of the rhythm service.")
    readback_s: float = Field(300.0, description="How far back a worker reads what it takes over.")


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


class _SettingsFile(YamlConfigSettingsSource):
    def _read_file(self, file_path: Any) -> dict[str, Any]:
        content = super()._read_file(file_path)
        if not isinstance(content, dict):
            raise PydanticSettingsError("It holds no sections with keys and values.")
        return content


class Settings(BaseSettings):
    """Everything that can be set, by section.

    Raises:
        SettingsError: the file is missing or no YAML, a key is unknown, or a value is of the wrong kind.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True)

    embedded: EmbeddedSettings = Field(default_factory=EmbeddedSettings)
    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    registry: RegistrySettings = Field(default_factory=RegistrySettings)
    redis: RedisSettings = Field(default_factory=RedisSettings)
    clickhouse: ClickHouseSettings = Field(default_factory=ClickHouseSettings)
    sinks: SinkSettings = Field(default_factory=SinkSettings)
    blobs: BlobSettings = Field(default_factory=BlobSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    bridge: BridgeSettings = Field(default_factory=BridgeSettings)
    live: LiveSettings = Field(default_factory=LiveSettings)
    identify: IdentifySettings = Field(default_factory=IdentifySettings)
    bulk: BulkSettings = Field(default_factory=BulkSettings)
    adapters: AdapterSettings = Field(default_factory=AdapterSettings)
    instruments: InstrumentSettings = Field(default_factory=InstrumentSettings)
    search: SearchSettings = Field(default_factory=SearchSettings)
    rhythm: RhythmSettings = Field(default_factory=RhythmSettings)
    fpga: FpgaSettings = Field(default_factory=FpgaSettings)
    triggers: TriggerSettings = Field(default_factory=TriggerSettings)
    webhook: WebhookSettings = Field(default_factory=WebhookSettings)
    cues: CueSettings = Field(default_factory=CueSettings)
    error_generator: ErrorGeneratorSettings = Field(default_factory=ErrorGeneratorSettings)
    gateway: GatewaySettings = Field(default_factory=GatewaySettings)
    observe: ObserveSettings = Field(default_factory=ObserveSettings)
    tracing: TracingSettings = Field(default_factory=TracingSettings)

    def __init__(self, **values: Any) -> None:
        _refuse_unknown_variables(set(type(self).model_fields))
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_sentences(error)) from error
        except (yaml.YAMLError, PydanticSettingsError) as error:
            raise SettingsError(f"The settings cannot be read from {settings_file()}: {error}") from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = _SettingsFile(settings_cls, yaml_file=settings_file())
        return init_settings, env_settings, file

    @property
    def bootstrap_servers(self) -> str:
        brokers = (self.embedded.kafka_port, *self.embedded.kafka_further_ports[::2])
        return self.kafka.bootstrap_servers or ",".join(f"127.0.0.1:{port}" for port in brokers)

    @property
    def registry_url(self) -> str:
        if self.registry.url:
            return self.registry.url.get_secret_value()
        return f"http://127.0.0.1:{self.embedded.registry_port}/apis/ccompat/v7"

    @property
    def redis_url(self) -> str:
        return (
            self.redis.url.get_secret_value() if self.redis.url else f"redis://127.0.0.1:{self.embedded.redis_port}/0"
        )

    @property
    def clickhouse_url(self) -> str:
        if self.clickhouse.url:
            return self.clickhouse.url.get_secret_value()
        return f"http://127.0.0.1:{self.embedded.clickhouse_port}/default"

    @property
    def blob_url(self) -> str:
        return self.blobs.url or f"file://{self.embedded.data_dir / 'blobs'}"

    @property
    def gateway_url(self) -> str:
        """The page, seen from this machine."""
        return f"http://127.0.0.1:{self.embedded.gateway_port}/"

    @property
    def error_generator_url(self) -> str:
        embedded = f"http://127.0.0.1:{self.embedded.error_generator_port}"
        return (self.webhook.error_generator_url or embedded).rstrip("/")

    @property
    def models_dir(self) -> Path:
        """Where models lie that are made from installed weights."""
        return self.embedded.cache_dir / "models"

    @property
    def catalogue_dir(self) -> Path:
        return self.identify.catalogue or self.embedded.data_dir / "catalogue"


def settings_file() -> Path:
    """The settings file in force; the one in the working folder need not exist."""
    named = os.environ.get(FILE_VARIABLE)
    if named and not Path(named).exists():
        raise SettingsError(f"There is no settings file {named}, which the variable {FILE_VARIABLE} names.")
    return Path(named or "continuo.yaml")


def _refuse_unknown_variables(sections: set[str]) -> None:
    for variable in os.environ:
        section = variable.removeprefix(PREFIX).partition("__")[0].lower()
        if variable.startswith(PREFIX) and variable != FILE_VARIABLE and section not in sections:
            raise SettingsError(
                f"The variable {variable} is no setting: there is no section {section!r}. "
                f"There are {', '.join(sorted(sections))}."
            )


def _sentences(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False):
        path = [str(part) for part in problem["loc"]]
        reason = "there is no such setting" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"{'.'.join(path)} (in {_origin(path)}): {reason}.")
    return " ".join(["The settings cannot be used.", *lines])


def _origin(path: list[str]) -> str:
    variables = [PREFIX + "__".join(path[:depth]).upper() for depth in range(len(path), 0, -1)]
    return next((f"the variable {name}" for name in variables if name in os.environ), str(settings_file()))
