"""Which job a call of ``continuo bulk`` belongs to: an unfinished one, or a new one."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from connectors.consumer import EventReader
from connectors.registry import EventCodec
from connectors.settings import Settings
from schemas.bulk import WANTS, BulkJob
from schemas.events import now_us
from schemas.topics import BULK_JOBS

JOB_ID = re.compile(r"[a-z0-9-]{1,64}")


class JobError(ValueError):
    """The job cannot be run as it was asked for; the message says why."""


def parse_wants(text: str) -> tuple[str, ...]:
    """Wants from a list with commas, each once.

    Raises:
        JobError: one is not known, or there is none.
    """
    wants = tuple(dict.fromkeys(want.strip() for want in text.split(",") if want.strip()))
    unknown = [want for want in wants if want not in WANTS]
    if unknown or not wants:
        raise JobError(
            f"There is no analysis {', '.join(map(repr, unknown)) or 'named'}; there are {', '.join(WANTS)}."
        )
    return wants


def find_job(
    settings: Settings, codec: EventCodec, folder: Path, wants: tuple[str, ...], job_id: str | None, new: bool
) -> tuple[BulkJob, bool]:
    """The job to run, and whether it was begun before.

    Args:
        folder: resolved.
        job_id: names the job; by default the newest unfinished one for the same folder and wants.
        new: begin a new one even so.

    Raises:
        JobError: ``job_id`` cannot be a name, or names a job for another folder or other wants.
        KafkaUnavailableError, RegistryUnavailableError: the topic of jobs cannot be read.
    """
    if job_id is not None and not JOB_ID.fullmatch(job_id):
        raise JobError(f"{job_id!r} cannot name a job: only a-z, 0-9 and -, 64 characters at most.")
    known = _known_jobs(settings, codec)
    place = str(folder).encode("utf-8", "replace").decode()
    if job_id in known and not new:
        job = known[job_id]
        if (job.folder, set(job.wants)) != (place, set(wants)):
            raise JobError(f"The job {job_id} is for {job.folder} and wants {', '.join(job.wants)}; name another.")
        return job, True
    if job_id is None and not new:
        for job in sorted(known.values(), key=lambda job: -job.started_at):
            if job.status == "running" and (job.folder, set(job.wants)) == (place, set(wants)):
                return job, True
    name = job_id or f"bulk-{uuid.uuid4().hex[:12]}"
    return BulkJob(source_id=name, folder=place, wants=wants, status="running", started_at=now_us()), False


def _known_jobs(settings: Settings, codec: EventCodec) -> dict[str | None, BulkJob]:
    with EventReader(settings, codec, [BULK_JOBS.name]) as reader:
        events = [received.event for received in reader.to_end()]
    return {event.source_id: event for event in events if isinstance(event, BulkJob)}
