"""Health checks of the four servers, embedded or the user's own."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

import httpx
import redis
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from connectors.settings import Settings

from .errors import NotReadyError

TIMEOUT_S = 3.0


def admin_client(settings: Settings) -> AdminClient:
    """An admin client that keeps quiet about brokers that do not answer; callers get the exception."""
    return AdminClient({"bootstrap.servers": settings.bootstrap_servers, "log_level": 0})


def kafka_version(settings: Settings) -> str:
    """What the cluster says of itself.

    Raises:
        NotReadyError: no broker answers.
    """
    try:
        cluster = admin_client(settings).list_topics(timeout=TIMEOUT_S)
    except KafkaException as error:
        raise NotReadyError(f"No broker answers at {settings.bootstrap_servers}: {error.args[0].str()}.") from error
    count = len(cluster.brokers)
    return f"{count} broker{'s' if count != 1 else ''}"


def registry_version(settings: Settings) -> str:
    """Ask the registry for its subjects.

    Raises:
        NotReadyError: it does not answer, or with an error.
    """
    subjects = _get(f"{settings.registry_url}/subjects", "The schema registry").json()
    return f"{len(subjects)} schemas"


def redis_version(settings: Settings) -> str:
    """Redis's version.

    Raises:
        NotReadyError: it does not answer.
    """
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=TIMEOUT_S, retry=None) as client:
            return str(client.info("server")["redis_version"])
    except redis.RedisError as error:
        raise NotReadyError(f"Redis does not answer: {error}.") from error


def clickhouse_version(settings: Settings) -> str:
    """ClickHouse's version.

    Raises:
        NotReadyError: it does not answer.
    """
    parts = urlsplit(settings.clickhouse_url)
    url = urlunsplit((parts.scheme, parts.netloc, "/", "query=SELECT+version()", ""))
    return _get(url, "ClickHouse").text.strip()


def _get(url: str, title: str) -> httpx.Response:
    try:
        response = httpx.get(url, timeout=TIMEOUT_S)
        response.raise_for_status()
    except httpx.HTTPError as error:
        raise NotReadyError(f"{title} does not answer: {error}.") from error
    return response
