"""The container image and the Compose file, as far as they can be held against the project without an engine."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from connectors.settings import Settings
from ops.workers import WORKERS

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text("utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
RUN_BY_IT = {name: service for name, service in SERVICES.items() if service["image"].startswith("continuo:")}
EXAMPLE = dict(
    line.split("=", 1) for line in (ROOT / ".env.example").read_text("utf-8").splitlines() if re.match(r"\w+=", line)
)
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)[^}]*\}")
ROOMS = ("schemas", "processors", "connectors", "fpga", "streams", "ops")
NOT_NEEDED = frozenset({".py", ".md", ".png"})


def filled(text: str) -> str:
    """A value with the example's variables in place."""
    return VARIABLE.sub(lambda found: EXAMPLE[found[1]], text)


def test_the_compose_file_follows_the_specification() -> None:
    # its command does not start with the click of this environment; the schemas that it brings are as good without
    found = importlib.util.find_spec("check_jsonschema")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    schema = json.loads((folder / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8"))
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(COMPOSE))


def test_every_variable_has_an_example_and_no_example_is_left_over() -> None:
    assert set(VARIABLE.findall(COMPOSE)) == set(EXAMPLE)


def test_every_kind_of_worker_has_a_service() -> None:
    assert {tuple(service["command"]) for service in RUN_BY_IT.values()} == {("worker", kind) for kind in WORKERS}, (
        "Give the new kind a service in docker-compose.yml, and name it in ops/prometheus/prometheus.yml."
    )


@pytest.mark.parametrize("name", RUN_BY_IT)
def test_the_settings_of_a_service_are_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in RUN_BY_IT[name]["environment"].items():
        monkeypatch.setenv(variable, filled(value))
    settings = Settings()
    assert settings.bootstrap_servers == "kafka:9092"
    assert settings.clickhouse_url.endswith("@clickhouse:8123/continuo")
    if name == "gateway":
        assert settings.gateway.tokens[0].name == "me"
    if name == "webhook":
        assert settings.error_generator_url == "http://error-generator:28090"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_well_behaved(name: str) -> None:
    service = SERVICES[name]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cap_drop"] == ["ALL"]
    assert service["mem_limit"]
    assert service["restart"] == "unless-stopped"
    image_has_them = name in RUN_BY_IT
    assert image_has_them or service["healthcheck"]["test"]
    assert image_has_them or not str(service["user"]).startswith("0"), "It must not run as root."
    assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ())), "Put a proxy in front of it."
    assert not re.search(r":latest$", service["image"])


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health() -> None:
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE) == ["10001"]
    assert "HEALTHCHECK" in DOCKERFILE
    assert len(re.findall(r"^FROM \S+ AS \w+$", DOCKERFILE, re.MULTILINE)) == 2


def test_prometheus_reads_every_worker() -> None:
    config = yaml.safe_load((ROOT / "ops/prometheus/prometheus.yml").read_text("utf-8"))
    (job,) = config["scrape_configs"]
    (asked,) = job["dns_sd_configs"]
    assert set(asked["names"]) == set(RUN_BY_IT)
    assert f"CONTINUO_OBSERVE__PORT={asked['port']}" in DOCKERFILE


def test_the_linter_has_nothing_to_say_of_the_dockerfile() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    linted = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")


def test_everything_that_runs_is_in_the_wheel(tmp_path: Path) -> None:
    source = tmp_path / "source"
    listed = subprocess.run(["git", "ls-files", *ROOMS], cwd=ROOT, capture_output=True, text=True, check=True)
    needed = [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    for name in [*needed, "pyproject.toml", "README.md", "LICENSE"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-c", f"from setuptools.build_meta import build_wheel; build_wheel({str(tmp_path)!r})"],
        cwd=source,
        capture_output=True,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    missing = {name for name in needed if name not in packed and Path(name).suffix not in NOT_NEEDED}
    assert missing == set(), "Name their endings in pyproject.toml, under package-data."
    assert {name for name in needed if name.endswith(".py")} <= packed
