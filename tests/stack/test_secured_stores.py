"""Redis, ClickHouse and the registry behind TLS and passwords: who has not both right is refused, and secrets stay."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr

from connectors.clickhouse_client import ClickHouseUnavailableError, clickhouse_client
from connectors.registry import EventCodec, RegistryUnavailableError
from connectors.settings import Settings
from connectors.sinks.base import DestinationUnavailableError
from connectors.sinks.redis_sink import RedisDestination
from ops.stack import Stack
from ops.stack.environment import environment_with
from ops.stack.health import ClickHouseProbe, RegistryProbe
from ops.stack.launcher import Launcher
from ops.stack.redis import Redis
from ops.stack.scratch import scratch_settings

from .secured import make_certificates
from .tls_door import TlsDoor, tls_door

USER = "history"
PASSWORD = "a-secret-of-the-tests"

pytestmark = pytest.mark.stack


class RedisWithPassword(Redis):
    """The embedded Redis, for those who know the password."""

    def command(self) -> list[str]:
        return [*super().command(), "--requirepass", PASSWORD]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls") / "right"
    make_certificates(folder)
    make_certificates(folder.with_name("of a stranger"))
    return folder


@pytest.fixture(scope="module")
def redis_door(tmp_path_factory: pytest.TempPathFactory, certificates: Path) -> Iterator[TlsDoor]:
    own = scratch_settings(tmp_path_factory.mktemp("redis"))
    at = f"redis://:{PASSWORD}@127.0.0.1:{own.embedded.redis_port}/0"
    own = own.model_copy(update={"redis": own.redis.model_copy(update={"url": SecretStr(at)})})
    launcher = Launcher()
    server = RedisWithPassword("redis", own, launcher)
    server.start()
    server.wait_healthy()
    with tls_door(certificates, own.embedded.redis_port) as door:
        yield door
    server.stop()
    launcher.close()


def with_url(settings: Settings, section: str, url: str) -> Settings:
    changed = getattr(settings, section).model_copy(update={"url": SecretStr(url)})
    return settings.model_copy(update={section: changed})


def test_redis_with_tls_and_password(settings: Settings, redis_door: TlsDoor, certificates: Path) -> None:
    url = f"rediss://:{PASSWORD}@127.0.0.1:{redis_door.port}/0?ssl_ca_certs={certificates / 'ca.pem'}"
    destination = RedisDestination(with_url(settings, "redis", url))
    destination.prepare()
    destination.close()
    assert redis.Redis.from_url(url).ping()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("rediss://:{wrong}@127.0.0.1:{port}/0?ssl_ca_certs={right}", id="wrong password"),
        pytest.param("rediss://127.0.0.1:{port}/0?ssl_ca_certs={right}", id="no password"),
        pytest.param("rediss://:{password}@127.0.0.1:{port}/0?ssl_ca_certs={stranger}", id="signed by a stranger"),
        pytest.param("redis://:{password}@127.0.0.1:{port}/0", id="not encrypted"),
    ],
)
def test_redis_refuses(settings: Settings, redis_door: TlsDoor, certificates: Path, url: str) -> None:
    filled = url.format(
        wrong="guessed-wrongly",
        password=PASSWORD,
        port=redis_door.port,
        right=certificates / "ca.pem",
        stranger=certificates.with_name("of a stranger") / "ca.pem",
    )
    with pytest.raises(DestinationUnavailableError) as refused:
        RedisDestination(with_url(settings, "redis", filled)).prepare()
    assert PASSWORD not in str(refused.value)
    assert "guessed-wrongly" not in str(refused.value)


def test_clickhouse_with_tls_and_password(stack: Stack, certificates: Path) -> None:
    with tls_door(certificates, stack.settings.embedded.clickhouse_port) as door:
        base = f"https://{USER}:{PASSWORD}@127.0.0.1:{door.port}/default"
        right = with_url(stack.settings, "clickhouse", f"{base}?ca_cert={certificates / 'ca.pem'}")
        assert clickhouse_client(right).command("SELECT 1") == 1
        assert "version" in ClickHouseProbe(right).check()
        login = base64.b64encode(f"{USER}:{PASSWORD}".encode())
        assert login in door.said
        stranger = certificates.with_name("of a stranger") / "ca.pem"
        for url in (f"{base}?ca_cert={stranger}", base, base.replace("https", "http")):
            with pytest.raises(ClickHouseUnavailableError) as refused:
                clickhouse_client(with_url(stack.settings, "clickhouse", url))
            assert PASSWORD not in str(refused.value)


def test_registry_with_tls(stack: Stack, certificates: Path) -> None:
    with tls_door(certificates, stack.settings.embedded.registry_port) as door:
        plain = stack.settings.registry_url.partition("://")[2].partition("/")[2]
        own = with_url(stack.settings, "registry", f"https://{USER}:{PASSWORD}@127.0.0.1:{door.port}/{plain}")
        trusting = own.registry.model_copy(update={"ca_file": certificates / "ca.pem"})
        right = own.model_copy(update={"registry": trusting})
        assert EventCodec(right).register("beats") == EventCodec(stack.settings).register("beats")
        assert "schemas" in RegistryProbe(right).check()
        with pytest.raises(RegistryUnavailableError) as refused:
            EventCodec(own).register("beats")
        assert PASSWORD not in str(refused.value)


def test_no_secret_is_told(settings: Settings, tmp_path: Path) -> None:
    """Neither `continuo config` nor a worker's log, whatever goes wrong, holds a password or a key."""
    own = settings.model_copy(
        update={
            "kafka": settings.kafka.model_copy(
                update={
                    "bootstrap_servers": "127.0.0.1:9",
                    "security_protocol": "sasl_plaintext",
                    "username": "a-user",
                    "password": SecretStr("secret-of-kafka"),
                    "connect_timeout_s": 1.0,
                }
            ),
            "webhook": settings.webhook.model_copy(
                update={"error_generator_url": "http://me:secret-of-webhook@elsewhere:1"}
            ),
        }
    )
    for section in ("registry", "redis", "clickhouse"):
        scheme = "redis" if section == "redis" else "http"
        own = with_url(own, section, f"{scheme}://me:secret%2Fof-{section}@127.0.0.1:9/0")
    environment = environment_with(own)
    told = ""
    for arguments in (["config"], ["config", "--json"], ["worker", "redis-sink"], ["status"]):
        command = [sys.executable, "-m", "ops.cli", *arguments]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, cwd=tmp_path)
            told += done.stdout + done.stderr
        except subprocess.TimeoutExpired as running:  # a worker waits for what is away
            told += (running.stdout or b"").decode() + (running.stderr or b"").decode()
    assert "a-user" in told
    assert "secret" not in told, told


def test_what_is_logged_is_cleaned(settings: Settings) -> None:
    """A library may put a URL with its password into an error; the worker's log does not."""
    own = with_url(settings, "redis", "redis://me:pass%2Fword@127.0.0.1:9/0")
    script = (
        "import logging, structlog; from connectors.settings import Settings; "
        "from ops.worker_logs import set_up_worker_logs; set_up_worker_logs('test', Settings()); "
        "structlog.get_logger().warning('away', reason='pass%2Fword', more=['pass/word']); "
        "logging.getLogger('library').error('cannot reach redis://me:pass/word@host'); "
        "raise RuntimeError('pass/word')"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment_with(own), capture_output=True, text=True)
    told = done.stdout + done.stderr
    assert "pass/word" not in told
    assert "pass%2Fword" not in told
    assert told.count("**********") == 4
    assert json.loads(done.stdout.splitlines()[0])["event"] == "away"
