"""The list as CSV: one row an entry."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from typing import TextIO

from processors.played import Played

COLUMNS = (
    *("source", "begin", "end", "length_s", "status", "composer", "title", "work_id", "confidence", "answers"),
    *("ref_start_s", "ref_end_s", "error"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


def write_csv(out: TextIO, source: str, entries: Sequence[Played]) -> None:
    """Write ``entries``; times are local, with their offset from UTC."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        matched = entry.status == "matched"
        writer.writerow(
            [
                _text(source),
                moment(entry.begin_s),
                moment(entry.end_s),
                f"{entry.length_s:.1f}",
                entry.status,
                _text(entry.composer),
                _text(entry.title),
                _text(entry.work_id),
                f"{entry.confidence:.3f}" if matched else "",
                entry.answers,
                f"{entry.ref_start_s:.1f}" if matched else "",
                f"{entry.ref_end_s:.1f}" if matched else "",
                entry.error,
            ]
        )


def moment(at_s: float) -> str:
    """A moment in local time, ISO 8601."""
    return datetime.fromtimestamp(at_s).astimezone().isoformat(timespec="seconds")


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(FORMULA) else value
