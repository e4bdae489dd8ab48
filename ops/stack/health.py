"""Health checks of the four servers, embedded or the user's own."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
import redis

from connectors.settings import Settings
from ops.cluster import Cluster
from ops.not_ready import NotReadyError

from .java import pinned_version

TIMEOUT_S = 3.0


class Probe(Protocol):
    """Asks one server how it is."""

    def check(self) -> str:
        """What the server says of itself, such as its version.

        Raises:
            NotReadyError: it does not answer as it should.
        """
        ...


class KafkaProbe:
    """Kafka is well when a broker tells what the cluster is made of."""

    def __init__(self, settings: Settings) -> None:
        self._cluster = Cluster(settings)
        # brokers do not tell their version; that of the embedded one is known
        self._version = "" if settings.kafka.bootstrap_servers else f"version {pinned_version('kafka')}, "

    def check(self) -> str:
        count = len(self._cluster.broker_ids())
        return f"{self._version}{count} broker{'s' if count != 1 else ''}"


class RegistryProbe:
    """The registry is well when it lists its subjects."""

    def __init__(self, settings: Settings) -> None:
        self._url = f"{settings.registry_url}/subjects"
        self._client = httpx.Client(timeout=TIMEOUT_S, verify=_trusting(settings.registry.ca_file))
        self._version = "" if settings.registry.url else f"version {pinned_version('registry')}, "

    def check(self) -> str:
        return f"{self._version}{len(_get(self._client, self._url).json())} schemas"


class RedisProbe:
    """Redis is well when it tells its version; one that still loads its data does not."""

    def __init__(self, settings: Settings) -> None:
        self._client = redis.Redis.from_url(settings.redis_url, socket_timeout=TIMEOUT_S, retry=None)

    def check(self) -> str:
        try:
            return f"version {self._client.info('server')['redis_version']}"
        except redis.RedisError as error:
            raise NotReadyError(f"It does not answer: {error}.") from error


class ClickHouseProbe:
    """ClickHouse is well when it answers a query."""

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.clickhouse_url)
        self._url = urlunsplit((parts.scheme, parts.netloc, "/", "query=SELECT+version()", ""))
        (authority,) = parse_qs(parts.query).get("ca_cert", [None])
        self._client = httpx.Client(timeout=TIMEOUT_S, verify=_trusting(authority))

    def check(self) -> str:
        return f"version {_get(self._client, self._url).text.strip()}"


PROBES: dict[str, type[KafkaProbe | RegistryProbe | RedisProbe | ClickHouseProbe]] = {
    "kafka": KafkaProbe,
    "registry": RegistryProbe,
    "redis": RedisProbe,
    "clickhouse": ClickHouseProbe,
}


def _trusting(authority: Path | str | None) -> ssl.SSLContext:
    """Whose certificates are believed; by default those that the system believes."""
    return ssl.create_default_context(cafile=authority)


def _get(client: httpx.Client, url: str) -> httpx.Response:
    try:
        return client.get(url).raise_for_status()
    except httpx.HTTPError as error:
        raise NotReadyError(f"It does not answer: {error}.") from error
