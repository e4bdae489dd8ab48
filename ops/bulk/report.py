"""Tells how far a job is, on standard error, and at the end what became of the files."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Self

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from schemas.bulk import BulkJob

from .client import Counts


class Rate(ProgressColumn):
    """Files a second, of late."""

    def render(self, task: Task) -> Text:
        """See ``ProgressColumn``."""
        return Text("" if task.speed is None else f"{task.speed:.1f} files/s")


class Report:
    """Shows a bar with the rate and the time left while inside, if standard error is a terminal."""

    def __init__(self, job: BulkJob, files: int, resumed: bool) -> None:
        self._job = job
        self._files = files
        self._start = time.monotonic()
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task = self._bar.add_task(f"{job.source_id}{' (resumed)' if resumed else ''}", total=files)

    def advance(self) -> None:
        """Another file has its row."""
        self._bar.advance(self._task)

    def show(self, counts: Counts, as_json: bool, finished: bool) -> None:
        """Print the counts, for people on standard error."""
        seconds = time.monotonic() - self._start
        if as_json:
            summary = {
                "job": self._job.source_id,
                "finished": finished,
                "files": self._files,
                "answered": counts.answered,
                "failed": counts.failed,
                "stored": counts.stored,
                "seconds": round(seconds, 3),
                "files_per_s": round(counts.files / seconds, 2) if seconds else 0.0,
            }
            typer.echo(json.dumps(summary))
            return
        self._console.print(
            f"Job {self._job.source_id}: {counts.answered} answered ({counts.stored} of all known before), "
            f"{counts.failed} failed, in {seconds:.1f} s.",
            highlight=False,
        )
        if not finished:
            left = self._files - counts.files
            self._console.print(f"{left} files are open; the same command goes on with them.", highlight=False)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: BaseException | TracebackType | None) -> None:
        self._bar.stop()
