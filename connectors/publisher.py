"""Clips into Kafka: small ones inline, large ones as a claim check."""

from __future__ import annotations

import uuid
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypedDict, Unpack

import soundfile

from connectors.blob_store import BlobStore
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.tracing import NO_TRACES, Tracer, new_traceparent, tracer_of
from schemas.events import Clip
from schemas.topics import CLIPS

Kind = Literal["midi", "audio"]

MIDI_HEADER = b"MThd"
MIDI_SUFFIXES = frozenset({".mid", ".midi"})
AUDIO_SUFFIXES = frozenset(f".{name.lower()}" for name in soundfile.available_formats() if name != "RAW") | {
    ".aif",
    ".aifc",
    ".oga",
    ".opus",
    ".snd",
}


class ClipError(ValueError):
    """This cannot be published as a clip; the message says why."""


def kind_of(data: bytes, name: str) -> Kind:
    """What a clip is: MIDI by its first bytes, otherwise by the suffix of its name.

    A file that only claims to be MIDI by its suffix is published as such: the answer will say what is wrong.

    Raises:
        ClipError: neither tells.
    """
    suffix = Path(name).suffix.lower()
    if data.startswith(MIDI_HEADER) or suffix in MIDI_SUFFIXES:
        return "midi"
    if suffix in AUDIO_SUFFIXES:
        return "audio"
    raise ClipError(f"{name} is neither MIDI nor audio that can be read (wav, flac, ogg, mp3, aiff, ...).")


class ClipFields(TypedDict, total=False):
    """What may be said of a clip; ``ClipMaker.make`` explains it."""

    clip_id: str | None
    name: str | None
    kind: Kind | None
    start_s: float
    length_s: float | None
    wants: tuple[str, ...]
    trace_context: str | None


class ClipMaker:
    """Makes the event of a clip; a large one's bytes go into the blob store. May be used from several threads."""

    def __init__(self, settings: Settings, blobs: BlobStore, tracer: Tracer = NO_TRACES) -> None:
        self._blobs = blobs
        self._tracer = tracer
        self._inline_max_bytes = settings.blobs.inline_max_bytes
        self._max_bytes = settings.blobs.max_bytes

    def make(
        self,
        music: bytes | Path,
        source_id: str,
        *,
        clip_id: str | None = None,
        name: str | None = None,
        kind: Kind | None = None,
        start_s: float = 0.0,
        length_s: float | None = None,
        wants: tuple[str, ...] = ("identify",),
        trace_context: str | None = None,
    ) -> Clip:
        """The event of one clip.

        Args:
            music: the bytes of a MIDI or sound file, or the file.
            source_id: who publishes; the clips of a source are answered in order.
            clip_id: the answer carries it; a fresh one by default.
            name: the file's name, for people; by default that of ``music``, or the clip's id.
            kind: what the bytes are; by default found out by ``kind_of``.
            start_s: where in the file the clip starts, seconds.
            length_s: how much of it to analyse, seconds; None for the rest.
            wants: the analyses that are wanted.
            trace_context: the ``traceparent`` of the caller's trace; a new trace by default.

        Raises:
            ClipError: the file cannot be read, is too large, or is no music by its bytes and name.
            BlobUnavailableError: a large clip cannot be stored now.
        """
        clip_id = clip_id or str(uuid.uuid4())
        if name is None:
            name = music.name if isinstance(music, Path) else clip_id
        attributes = {"continuo.source_id": source_id, "continuo.clip_id": clip_id}
        span = self._tracer.begin("publish", trace_context, attributes=attributes)
        data = self._bytes_of(music, name)
        inline = len(data) <= self._inline_max_bytes
        clip = Clip(
            source_id=source_id,
            trace_context=span.traceparent or new_traceparent(),
            clip_id=clip_id,
            kind=kind or kind_of(data, name),
            name=name,
            data=data if inline else None,
            blob=None if inline else self._blobs.put(data),
            start_s=start_s,
            length_s=length_s,
            wants=wants,
        )
        span.end()
        return clip

    def _bytes_of(self, music: bytes | Path, name: str) -> bytes:
        try:
            size = music.stat().st_size if isinstance(music, Path) else len(music)
            if size > self._max_bytes:
                raise ClipError(
                    f"{name} has {size} bytes; the limit is {self._max_bytes} (the setting blobs.max_bytes)."
                )
            return music.read_bytes() if isinstance(music, Path) else music
        except OSError as error:
            raise ClipError(f"{name} cannot be read: {error.strerror}.") from error


class ClipPublisher:
    """Publishes clips. As a context manager it flushes at the end.

    Raises:
        TracingError: the settings ask for traces, and what sends them is not installed.
    """

    def __init__(self, settings: Settings, codec: EventCodec, blobs: BlobStore) -> None:
        self._tracer = tracer_of(settings.tracing, "continuo-publisher")
        self._maker = ClipMaker(settings, blobs, self._tracer)
        self._producer = EventProducer(settings, codec)

    def require(self) -> None:
        """Make sure that Kafka and the registry are there; raises as ``EventProducer.require``."""
        self._producer.require(CLIPS.name)

    def publish(self, music: bytes | Path, source_id: str, **fields: Unpack[ClipFields]) -> Clip:
        """Queue one clip; waits while the queue is full. It is delivered when ``flush`` returns.

        Args:
            music, source_id, fields: as for ``ClipMaker.make``.

        Returns:
            The event as it was queued.

        Raises:
            ClipError, BlobUnavailableError: as ``ClipMaker.make``.
            RegistryError, DeliveryError: as ``EventProducer.send``.
        """
        clip = self._maker.make(music, source_id, **fields)
        self._producer.send(CLIPS.name, clip)
        return clip

    def flush(self) -> None:
        """Wait until every clip is delivered.

        Raises:
            DeliveryError: some were not.
        """
        self._producer.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._producer.__exit__(kind, error, trace)
        finally:
            self._tracer.close()
