"""The codec that asks the schema registry: events to records and back, schema ids looked up once."""

from __future__ import annotations

import json
import threading
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import fastavro
import httpx2
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connectors.settings import Settings
from schemas import codec
from schemas.codec import UndecodableError
from schemas.events import Event
from schemas.topics import TOPICS

COMPATIBILITY = "BACKWARD"
SCHEMA_NOT_FOUND = 40403  # the registry's own code: a bare HTTP 404 may also be a wrong URL
CONFLICT = 409
REFUSED = (CONFLICT, 422)


class RegistryError(RuntimeError):
    """The registry did not do what was asked; the message says why."""


class RegistryUnavailableError(RegistryError):
    """The registry cannot be asked now; the same call may succeed later."""


class SchemaRefusedError(RegistryError):
    """The registry refuses a schema: it is invalid or incompatible with the one before."""


def subject_of(topic: str) -> str:
    """The registry's name for the schemas of a topic's values."""
    return f"{topic}-value"


def _without_login(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


class EventCodec:
    """Encodes and decodes events under the ids of a Confluent-compatible registry.

    What has been looked up once is kept, so a registry that is away only stops schemas that were
    never seen. All methods may be called from any thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._shown_url = _without_login(settings.registry_url)
        self._client = SchemaRegistryClient(
            {
                "url": settings.registry_url,
                "timeout": settings.registry.timeout_s,
                "max.retries": settings.registry.retries,
                "retries.wait.ms": int(settings.registry.retry_wait_s * 1000),
                **({"ssl.ca.location": str(settings.registry.ca_file)} if settings.registry.ca_file else {}),
            }
        )
        self._ids: dict[str, int] = {}
        self._writer_schemas: dict[int, Any] = {}
        self._lock = threading.Lock()

    def register_all(self) -> None:
        """Register the schema of every topic.

        Raises:
            SchemaRefusedError: a schema is not compatible with the registered one.
            RegistryUnavailableError: the registry cannot be reached.
        """
        for topic in TOPICS:
            self.register(topic.name)

    def register(self, topic: str) -> int:
        """The registry's id of the schema of ``topic``, registered on first use; raises as ``register_all``."""
        known = self._ids.get(topic)
        if known is not None:
            return known
        with self._lock:
            if topic not in self._ids:
                self._ids[topic] = self._register(topic)
            return self._ids[topic]

    def encode(self, topic: str, event: Event) -> bytes:
        """The record's value for ``event``; registers the topic's schema on first use.

        Raises:
            SchemaRefusedError: as for ``register_all``.
            RegistryUnavailableError: the id is not known yet and the registry cannot be reached.
        """
        return codec.encode(topic, event, self.register(topic))

    def decode(self, topic: str, value: bytes) -> Event:
        """The event in a record's value, whichever version of the schema it was written with.

        Raises:
            UndecodableError: the bytes are damaged, of another kind, or of a schema id that the
                registry does not know.
            RegistryUnavailableError: the id was never seen and the registry cannot be reached.
        """
        return codec.decode(topic, value, self._writer_schema)

    def _register(self, topic: str) -> int:
        subject = subject_of(topic)
        try:
            self._require_compatibility(subject)
            return self._client.register_schema(subject, Schema(codec.schema_text(topic), "AVRO"))
        except SchemaRegistryError as error:
            if error.http_status_code in REFUSED:
                raise SchemaRefusedError(
                    f"The schema registry at {self._shown_url} refuses this version's schema of {topic!r}: "
                    f"{error.error_message}. It was probably written by another version of continuo."
                ) from error
            raise self._unavailable(error) from error
        except httpx2.HTTPError as error:
            raise self._unavailable(error) from error

    def _require_compatibility(self, subject: str) -> None:
        try:
            self._client.set_compatibility(subject, COMPATIBILITY)
        except SchemaRegistryError as error:
            # another worker may set the same at the same moment, or this one's first try came through without an answer
            if error.http_status_code != CONFLICT or self._client.get_compatibility(subject) != COMPATIBILITY:
                raise

    def _writer_schema(self, schema_id: int) -> Any:
        known = self._writer_schemas.get(schema_id)
        if known is not None:
            return known
        with self._lock:
            if schema_id not in self._writer_schemas:
                self._writer_schemas[schema_id] = self._look_up(schema_id)
            return self._writer_schemas[schema_id]

    def _look_up(self, schema_id: int) -> Any:
        try:
            schema = self._client.get_schema(schema_id)
        except SchemaRegistryError as error:
            if error.error_code == SCHEMA_NOT_FOUND:
                raise UndecodableError(f"The schema registry knows no schema with the id {schema_id}.") from error
            raise self._unavailable(error) from error
        except httpx2.HTTPError as error:
            raise self._unavailable(error) from error
        try:
            return fastavro.parse_schema(json.loads(schema.schema_str or ""))
        except Exception as error:  # another kind of schema, or one that refers to others
            raise UndecodableError(f"The schema with the id {schema_id} is no Avro schema that can be read.") from error

    def _unavailable(self, error: Exception) -> RegistryUnavailableError:
        return RegistryUnavailableError(
            f"The schema registry at {self._shown_url} does not answer as it should "
            f"({type(error).__name__}: {error}). Check that it runs, and the setting registry.url."
        )
