"""Publish files as clips and wait for their answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connectors.consumer import EventReader
from connectors.publisher import AUDIO_SUFFIXES, MIDI_SUFFIXES, ClipError, ClipPublisher
from schemas.events import Clip, Match

SUFFIXES = MIDI_SUFFIXES | AUDIO_SUFFIXES


@dataclass(slots=True)
class Publication:
    """What became of one file.

    Attributes:
        path: the file.
        clip: the event that was published, if it was.
        error: why it was not.
        match: the answer, once there is one.
    """

    path: Path
    clip: Clip | None = None
    error: str | None = None
    match: Match | None = None

    def as_json(self, waited: bool) -> dict[str, Any]:
        """The row for programs; its ``status`` is ``refused``, ``published``, ``unanswered`` or the answer's."""
        row: dict[str, Any] = {"path": str(self.path), "status": "refused", "error": self.error}
        if self.clip is None:
            return row
        row["status"] = "unanswered" if waited else "published"
        row |= {"source_id": self.clip.source_id, "clip_id": self.clip.clip_id, "kind": self.clip.kind}
        row["claim_check"] = self.clip.blob is not None
        if self.match is not None:
            row["status"] = self.match.status
            row["error"] = self.match.error.message if self.match.error else None
            row["latency_ms"] = self.match.latency_ms
            row["candidates"] = [asdict(candidate) for candidate in self.match.candidates]
        return row

    def succeeded(self, waited: bool) -> bool:
        """Whether it was published and, if that was waited for, answered by more than a failure."""
        if not waited:
            return self.clip is not None
        return self.match is not None and self.match.status != "failed"


def music_files(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and in their order those that the named folders hold."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(
                file
                for file in path.rglob("*")
                if file.suffix.lower() in SUFFIXES and file.is_file() and not file.name.startswith(".")
            )
        else:
            files.append(path)
    return files


def publish_files(
    publisher: ClipPublisher,
    files: Sequence[Path],
    source_id: str,
    start_s: float,
    length_s: float | None,
    on_progress: Callable[[], None],
) -> list[Publication]:
    """Publish every file; one that cannot be is noted and the others go on. All are delivered on return.

    Raises:
        DeliveryError, RegistryError, BlobUnavailableError: the stack does not take them.
    """
    publications = []
    for file in files:
        publication = Publication(file)
        try:
            publication.clip = publisher.publish(file, source_id, start_s=start_s, length_s=length_s)
        except ClipError as error:
            publication.error = str(error)
        publications.append(publication)
        on_progress()
    publisher.flush()
    return publications


def wait_for_matches(
    reader: EventReader, publications: Iterable[Publication], timeout_s: float, on_progress: Callable[[], None]
) -> None:
    """Follow ``matches`` until each clip has its answer, or for ``timeout_s``.

    Args:
        reader: of ``matches``, made before the clips were published.
        publications: their ``match`` is filled in.
        timeout_s: how long to wait altogether.
        on_progress: called with each answer.
    """
    open_clips = {publication.clip.clip_id: publication for publication in publications if publication.clip}
    deadline = time.monotonic() + timeout_s
    while open_clips and time.monotonic() < deadline:
        received = reader.poll()
        if received is None or not isinstance(received.event, Match) or received.event.clip_id is None:
            continue
        publication = open_clips.pop(received.event.clip_id, None)
        if publication is not None:
            publication.match = received.event
            on_progress()
