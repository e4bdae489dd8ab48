"""Query clips cut from recordings by a CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from processors.midi import cut, read_midi
from processors.notes import Notes
from processors.training.clips import TrueClip


def clips_from_csv(path: Path, root: Path, limit: int | None = None) -> Iterator[TrueClip]:
    """Clips of a CSV with query_path, start_s, length_s, reference_path, ref_start_s and ref_end_s."""
    parsed: dict[str, Notes] = {}
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if limit is not None and number >= limit:
                return
            query = row["query_path"]
            if query not in parsed:
                parsed[query] = read_midi((root / query).read_bytes())
            length = float(row["length_s"])
            yield TrueClip(
                cut(parsed[query], float(row["start_s"]), length),
                length,
                row["reference_path"],
                float(row["ref_start_s"]) if row.get("ref_start_s") else None,
                float(row["ref_end_s"]) if row.get("ref_end_s") else None,
            )
