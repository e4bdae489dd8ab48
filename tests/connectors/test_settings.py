"""Settings: the file, variables over it, and a sentence for each mistake."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from connectors.settings import Settings, SettingsError
from ops.cli import app


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("CONTINUO_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def config(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["config", *arguments])


def test_without_a_file_the_defaults_hold() -> None:
    assert Settings().bootstrap_servers == "127.0.0.1:29092"
    assert "does not exist: defaults" in config().stdout


def test_the_file_in_the_working_folder_counts() -> None:
    Path("continuo.yaml").write_text("kafka: {bootstrap_servers: 'broker:9092'}\nidentify: {top: 3}\n")
    assert Settings().bootstrap_servers == "broker:9092"
    assert Settings().identify.top == 3


def test_variables_count_more_than_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("identify: {top: 3, compute_threads: 2}\n")
    monkeypatch.setenv("CONTINUO_SETTINGS", str(tmp_path / "mine.yaml"))
    monkeypatch.setenv("CONTINUO_IDENTIFY__TOP", "9")
    assert (Settings().identify.top, Settings().identify.compute_threads) == (9, 2)


def test_config_prints_what_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTINUO_LIVE__WINDOW_S", "12.5")
    assert json.loads(config("--json").stdout)["live"]["window_s"] == 12.5
    assert yaml.safe_load(config().stdout)["live"]["window_s"] == 12.5


@pytest.mark.parametrize("section", ["REGISTRY", "REDIS", "CLICKHOUSE"])
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_config_hides_secrets(monkeypatch: pytest.MonkeyPatch, section: str, arguments: list[str]) -> None:
    monkeypatch.setenv(f"CONTINUO_{section}__URL", "http://user:s3cret@host:1/0")
    result = config(*arguments)
    assert result.exit_code == 0
    assert "s3cret" not in result.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kafak: {}", "kafak (in continuo.yaml): there is no such setting"),
        ("kafka: {bootstrap: x}", "kafka.bootstrap (in continuo.yaml): there is no such setting"),
        ("identify: {top: many}", "identify.top (in continuo.yaml): Input should be a valid integer"),
        ("kafka: [", "The settings cannot be read from continuo.yaml"),
        ("- kafka", "The settings cannot be read from continuo.yaml"),
    ],
)
def test_a_mistake_in_the_file_is_answered_by_a_sentence(text: str, message: str) -> None:
    Path("continuo.yaml").write_text(text)
    result = config()
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("variable", "message"),
    [
        ("CONTINUO_KAFAK__BOOTSTRAP_SERVERS", "there is no section 'kafak'"),
        ("CONTINUO_KAFKA__BOOTSTRAP", "the variable CONTINUO_KAFKA__BOOTSTRAP): there is no such setting"),
        ("CONTINUO_EMBEDDED__KAFKA_PORT", "embedded.kafka_port (in the variable CONTINUO_EMBEDDED__KAFKA_PORT)"),
        ("CONTINUO_SETTINGS", "There is no settings file"),
    ],
)
def test_a_mistake_in_a_variable_is_answered_by_a_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, message: str
) -> None:
    monkeypatch.setenv(variable, "nonsense")
    result = config()
    assert result.exit_code == 2
    assert message in result.stderr
    with pytest.raises(SettingsError):
        Settings()
