"""Settings that are handed to another process arrive there unchanged."""

import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from connectors.settings import EmbeddedSettings, KafkaSettings, RedisSettings, Settings
from ops.stack.environment import environment_with


def test_settings_arrive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "continuo.yaml"
    file.write_text("kafka: {session_timeout_s: 99}\nregistry: {url: http://elsewhere}\n")
    monkeypatch.setenv("CONTINUO_SETTINGS", str(file))
    monkeypatch.setenv("CONTINUO_LIVE__WINDOW_S", "7")
    settings = Settings(
        embedded=EmbeddedSettings(data_dir=tmp_path / "with space", kafka_port=1234),
        redis=RedisSettings(url=SecretStr("redis://:secret@host/0")),
    ).model_copy(update={"kafka": KafkaSettings(bootstrap_servers="one:1,two:2")})

    handed = environment_with(settings)
    for name in [name for name in os.environ if name.startswith("CONTINUO_")]:
        monkeypatch.delenv(name)
    for name, value in handed.items():
        monkeypatch.setenv(name, value)

    assert Settings() == settings
