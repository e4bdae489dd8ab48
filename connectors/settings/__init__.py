"""Everything that can be set: one YAML file, environment variables over it."""

from .analysis import (
    AdapterSettings,
    BulkSettings,
    FpgaSettings,
    IdentifySettings,
    LimitSettings,
    LiveSettings,
    RhythmSettings,
    SearchSettings,
    TriggerSettings,
)
from .doors import CueSettings, GatewaySettings, GatewayToken, ObserveSettings, TracingSettings, WebhookSettings
from .servers import BlobSettings, EmbeddedSettings, KafkaSettings, RedisSettings, RegistrySettings
from .settings import Settings, SettingsError, settings_file

__all__ = [
    "AdapterSettings",
    "BlobSettings",
    "BulkSettings",
    "CueSettings",
    "EmbeddedSettings",
    "FpgaSettings",
    "GatewaySettings",
    "GatewayToken",
    "IdentifySettings",
    "KafkaSettings",
    "LimitSettings",
    "LiveSettings",
    "ObserveSettings",
    "RedisSettings",
    "RegistrySettings",
    "RhythmSettings",
    "SearchSettings",
    "Settings",
    "SettingsError",
    "TracingSettings",
    "TriggerSettings",
    "WebhookSettings",
    "settings_file",
]
