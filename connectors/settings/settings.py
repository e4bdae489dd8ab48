"""Settings: one YAML file, environment variables over it.

The file is ``continuo.yaml`` in the working folder, or the one ``CONTINUO_SETTINGS`` names. A variable
such as ``CONTINUO_KAFKA__BOOTSTRAP_SERVERS`` overrides the file. ``continuo config`` prints what is in force.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource
from pydantic_settings import SettingsError as PydanticSettingsError

from .analysis import (
    AdapterSettings,
    BulkSettings,
    FpgaSettings,
    IdentifySettings,
    InstrumentSettings,
    LimitSettings,
    LiveSettings,
    RhythmSettings,
    SearchSettings,
    TriggerSettings,
)
from .doors import (
    BridgeSettings,
    CueSettings,
    ErrorGeneratorSettings,
    GatewaySettings,
    ObserveSettings,
    TracingSettings,
    WebhookSettings,
)
from .servers import (
    BlobSettings,
    ClickHouseSettings,
    EmbeddedSettings,
    KafkaSettings,
    RedisSettings,
    RegistrySettings,
    SinkSettings,
)

PREFIX = "CONTINUO_"
FILE_VARIABLE = "CONTINUO_SETTINGS"


class SettingsError(ValueError):
    """The settings cannot be used; the message names each value that is wrong."""


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
