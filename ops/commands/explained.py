"""Errors at the edges, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import typer


@contextmanager
def explained() -> Iterator[None]:
    """What a user can do something about ends as a sentence on standard error and exit code 1, not as a traceback."""
    from connectors.blob_store import BlobError
    from connectors.kafka_client import KafkaUnavailableError
    from connectors.microphone import MicrophoneError
    from connectors.midi_ports import MidiPortError
    from connectors.note_session import BridgeError
    from connectors.producer import DeliveryError
    from connectors.registry import RegistryError
    from connectors.tracing import TracingError

    try:
        yield
    except (
        BlobError,
        BridgeError,
        DeliveryError,
        KafkaUnavailableError,
        MicrophoneError,
        MidiPortError,
        RegistryError,
        TracingError,
    ) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
