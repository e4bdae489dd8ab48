"""Identifying files: one clip, or the rows of a CSV, each answered by one object."""

from __future__ import annotations

import csv
import time
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from connectors.publisher import ClipError, kind_of
from processors.identify import Identifier
from processors.identify_music import Music, MusicIdentifier, MusicLimits
from processors.midi import BadMusicError

CACHED_FILES = 8  # a sound of an hour has half a gigabyte
CANDIDATE_FIELDS = (
    "path",
    "work_id",
    "title",
    "composer",
    "confidence",
    "ref_start_s",
    "ref_end_s",
    "transposition",
    "tempo_ratio",
    "score",
    "matched_notes",
    "ref_start_beat",
    "ref_end_beat",
    "places",
    "evidence",
)


class ClipsError(ValueError):
    """The CSV of clips cannot be used; the message says why."""


class FileIdentifier:
    """Identifies parts of MIDI and sound files; files are read once while they are among the latest."""

    def __init__(self, identifier: Identifier, limits: MusicLimits) -> None:
        self._identifier = identifier
        self._music = MusicIdentifier(limits)
        self._read: OrderedDict[Path, Music] = OrderedDict()

    def identify(self, path: Path, start_s: float, length_s: float | None) -> dict[str, Any]:
        """``status``, ``latency_ms`` and ``candidates``; with status ``failed`` also ``error``, never an exception.

        The latency is that of cutting the clip and identifying it, not of reading the file.
        """
        started = time.perf_counter()
        try:
            music = self._file(path)
            started = time.perf_counter()
            answer = self._music.identify(self._identifier, music, start_s, length_s)
        except BadMusicError as error:
            return _failed(started, error.type, str(error))
        except ClipError as error:
            return _failed(started, "not_music", str(error))
        except OSError as error:
            return _failed(started, "unreadable", f"{path} cannot be read: {error.strerror}.")
        took_ms = (time.perf_counter() - started) * 1000.0
        candidates = [asdict(candidate) for candidate in answer.candidates]
        return {
            "status": answer.status,
            "latency_ms": round(took_ms, 3),
            "notes_heard": answer.notes_heard,
            "candidates": [{name: row[name] for name in CANDIDATE_FIELDS} for row in candidates],
        }

    def _file(self, path: Path) -> Music:
        music = self._read.get(path)
        if music is None:
            data = path.read_bytes()
            kind = kind_of(data, path.name)
            if kind == "audio":
                self._music.warm_up()
            music = self._read[path] = self._music.read(kind, data)
            if len(self._read) > CACHED_FILES:
                self._read.popitem(last=False)
        self._read.move_to_end(path)
        return music


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV with at least a column ``query_path``.

    Raises:
        ClipsError: there is no such file, or no such column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [{key: value or "" for key, value in row.items() if key is not None} for row in reader]
            columns = reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ClipsError(f"The clips in {path} cannot be read: {error}.") from error
    if "query_path" not in columns:
        raise ClipsError(f"{path} has no column query_path; the columns are query_path,start_s,length_s.")
    return rows


def identify_rows(files: FileIdentifier, rows: list[dict[str, str]], root: Path) -> Iterator[dict[str, Any]]:
    """For each row the row itself with its answer, in order; empty start and length mean from the start, and all."""
    for row in rows:
        try:
            start_s = float(row.get("start_s") or 0.0)
            length_s = float(row["length_s"]) if row.get("length_s") else None
        except ValueError:
            reason = f"start_s {row.get('start_s')!r} or length_s {row.get('length_s')!r} is not a number."
            yield {**row, **_failed(time.perf_counter(), "bad_row", reason)}
            continue
        yield {**row, **files.identify(root / row["query_path"], start_s, length_s)}


def _failed(started: float, reason: str, message: str) -> dict[str, Any]:
    return {
        "status": "failed",
        "latency_ms": round((time.perf_counter() - started) * 1000.0, 3),
        "notes_heard": 0,
        "candidates": [],
        "error": {"type": reason, "message": message},
    }
