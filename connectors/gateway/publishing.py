"""How routers publish."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from connectors.blob_store import BlobUnavailableError
from connectors.kafka_client import KafkaUnavailableError
from connectors.producer import DeliveryError
from connectors.registry import RegistryError
from schemas.events import Event

Publish: TypeAlias = Callable[[str, Sequence[Event]], None]
"""Publishes events on a topic and returns when they are delivered; may be called from several threads."""
ORIGIN = "gateway"
"""The topic that events of the gateway name as their origin: a request is no record."""
AWAY = (KafkaUnavailableError, DeliveryError, RegistryError, BlobUnavailableError)
"""A server that is needed is away: whoever asks may ask again."""
