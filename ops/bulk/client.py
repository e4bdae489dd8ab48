"""Runs a job: keeps some files in flight, and hands on a row for each file, in order, as soon as it can."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.blob_store import BlobStore, claim_check
from connectors.consumer import EventReader
from connectors.producer import EventProducer
from connectors.registry import EventCodec
from connectors.settings import Settings
from connectors.tracing import sampled_traceparent
from schemas.bulk import BulkJob, BulkResult, BulkTask
from schemas.events import Failure, now_us
from schemas.topics import BULK_JOBS, BULK_RESULTS, BULK_TASKS

from .folder import FolderFile

Row = dict[str, Any]

CLOCKS_APART = timedelta(minutes=10)
"""Results of a job are looked for from so long before it began: the clocks of workers may differ."""
POLL_S = 0.05


class StalledError(RuntimeError):
    """No result has come for too long; the message says what to do."""


@dataclass(slots=True)
class Counts:
    """What became of the files so far.

    Attributes:
        stored: files that were answered from the store, or before the job was resumed.
    """

    files: int = 0
    answered: int = 0
    failed: int = 0
    stored: int = 0

    def add(self, row: Row) -> None:
        """Count a row."""
        self.files += 1
        self.answered += row["status"] == "answered"
        self.failed += row["status"] == "failed"
        self.stored += row["stored"]


class BulkClient:
    """Sends the files of one job and takes their results in.

    Args:
        on_row: takes each file's row, in the order of the files.
    """

    def __init__(
        self,
        settings: Settings,
        codec: EventCodec,
        job: BulkJob,
        files: Sequence[FolderFile],
        on_row: Callable[[Row], object],
    ) -> None:
        self._settings = settings
        self._codec = codec
        self._options = settings.bulk
        self._job = job
        self._files = files
        self._on_row = on_row
        self._blobs = BlobStore(settings)
        self.counts = Counts()
        self._places: dict[str, list[int]] = defaultdict(list)
        for number, file in enumerate(files):
            if file.error is None:
                self._places[file.sha256].append(number)
        self._rows: dict[int, Row] = {}
        self._in_flight: dict[str, int] = {}
        self._area = f"bulk/{job.source_id}/"

    def run(self, stop: threading.Event, resumed: bool) -> bool:
        """Until every file has its row, or ``stop`` is set.

        Args:
            resumed: results may be there already.

        Returns:
            Whether every file has its row.

        Raises:
            StalledError: no result has come for ``bulk.silence_s``.
            KafkaUnavailableError, RegistryError, DeliveryError, BlobError: the stack does not take the files.
        """
        begun = datetime.fromtimestamp(self._job.started_at / 1e6, UTC) - CLOCKS_APART
        with (
            EventReader(self._settings, self._codec, [BULK_RESULTS.name], begun if resumed else "latest") as reader,
            EventProducer(self._settings, self._codec) as producer,
        ):
            producer.require(BULK_TASKS.name)
            producer.send(BULK_JOBS.name, self._state("running"))
            for number, file in enumerate(self._files):
                if file.error is not None:
                    self._rows[number] = _refused(file, file.error)
            self._hand_on()
            for received in reader.to_end() if resumed else ():
                self._take(received.event, before=True)
            self._work(reader, producer, stop)
            if self.counts.files == len(self._files):
                producer.send(BULK_JOBS.name, self._state("finished"))
                return True
        return False

    def _work(self, reader: EventReader, producer: EventProducer, stop: threading.Event) -> None:
        waiting = deque(sha256 for sha256 in self._places)
        heard_at = time.monotonic()
        while self.counts.files < len(self._files) and not stop.is_set():
            while waiting and self._has_room(waiting[0]):
                self._send(waiting.popleft(), producer)
            producer.poll()
            received = reader.poll(POLL_S)
            if received is not None and self._take(received.event):
                heard_at = time.monotonic()
            elif self._in_flight and time.monotonic() - heard_at > self._options.silence_s:
                raise StalledError(
                    f"No result has come for {self._options.silence_s:g} s; {len(self._in_flight)} files wait. "
                    "Does a worker run (`continuo status`, `continuo worker bulk`)? The same command goes on from here."
                )

    def _has_room(self, sha256: str) -> bool:
        size = self._files[self._places[sha256][0]].size if sha256 in self._places else 0
        if not self._in_flight:
            return True
        held = sum(self._in_flight.values())
        return len(self._in_flight) < self._options.window_files and held + size <= self._options.window_bytes

    def _send(self, sha256: str, producer: EventProducer) -> None:
        if sha256 not in self._places:  # answered before the job was resumed
            return
        file = self._files[self._places[sha256][0]]
        try:
            data = file.path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise _ChangedError
        except OSError as error:
            self._finish(sha256, Failure("unreadable", f"{file.path} cannot be read: {error.strerror}."))
            return
        except _ChangedError:
            self._finish(sha256, Failure("changed", f"{file.path} was changed while the job ran; run it again."))
            return
        inline = len(data) <= self._settings.blobs.inline_max_bytes
        blob = None if inline else self._blobs.put(data, self._area)
        task = BulkTask(
            source_id=self._job.source_id,
            trace_context=sampled_traceparent(self._settings.tracing),
            sha256=sha256,
            kind=file.kind,
            name=file.name,
            data=data if inline else None,
            blob=blob,
            wants=self._job.wants,
        )
        producer.send(BULK_TASKS.name, task)
        self._in_flight[sha256] = file.size

    def _take(self, event: object, before: bool = False) -> bool:
        """Take a result in; whether it was one of this job that was still open."""
        if not isinstance(event, BulkResult) or event.source_id != self._job.source_id:
            return False
        if event.sha256 not in self._places:
            return False
        self._finish(event.sha256, event, before)
        return True

    def _finish(self, sha256: str, outcome: BulkResult | Failure, before: bool = False) -> None:
        """Make the rows of all files with this content, and let go of its blob."""
        for number in self._places.pop(sha256):
            file = self._files[number]
            made = _refused(file, outcome) if isinstance(outcome, Failure) else _answered(file, outcome, before)
            self._rows[number] = made
        self._in_flight.pop(sha256, None)
        if file.size > self._settings.blobs.inline_max_bytes:
            self._blobs.remove(claim_check(sha256, file.size, self._area))
        self._hand_on()

    def _hand_on(self) -> None:
        while self.counts.files in self._rows:
            row = self._rows.pop(self.counts.files)
            self.counts.add(row)
            self._on_row(row)

    def _state(self, status: Any) -> BulkJob:
        counts = self.counts
        return replace(
            self._job,
            event_id=f"{self._job.source_id}-{status}",
            created_at=now_us(),
            status=status,
            files=len(self._files),
            answered=counts.answered,
            failed=counts.failed,
        )


class _ChangedError(Exception):
    """The file is not what was hashed."""


def _answered(file: FolderFile, result: BulkResult, before: bool) -> Row:
    row: Row = {"path": file.name, "status": result.status, "error": None, "sha256": file.sha256}
    row["stored"] = before or all(answer.stored for answer in result.answers)
    row["errors"] = {answer.want: asdict(answer.error) for answer in result.answers if answer.error is not None}
    for answer in result.answers:
        row[answer.want] = json.loads(answer.answer or "null")
    if result.status == "failed":
        row["error"] = next(iter(row["errors"].values()))
    return row


def _refused(file: FolderFile, error: Failure) -> Row:
    row: Row = {"path": file.name, "status": "failed", "error": asdict(error), "sha256": file.sha256}
    return row | {"stored": False, "errors": {}}
