"""Works that a CSV file names: columns path, title, composer and, if wanted, work_id and licence.

Paths are absolute, or relative to the root option, or else to the manifest's folder. Other columns are ignored.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from .base import ImporterError, ImportFailure, ImportOptions
from .files import SUFFIXES, FileImporter, MusicFile

COLUMNS = ("path", "title", "composer")


class ManifestImporter(FileImporter):
    """The works of a manifest; ``argument`` is its path. Each unusable row is a failure that names its line.

    Raises:
        ImporterError: the manifest cannot be read, or lacks a column.
    """

    def __init__(self, argument: str, options: ImportOptions) -> None:
        manifest = Path(argument)
        super().__init__(_rows(manifest, options.root or manifest.parent), options)


def read_table(file: Path) -> csv.DictReader[str]:
    """Open a CSV file with a header. Bytes that are not UTF-8 come as lone surrogates, for each row to report.

    Raises:
        ImporterError: it cannot be read.
    """
    try:
        text = file.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise ImporterError(f"The manifest {file} cannot be read: {error.strerror}.") from error
    return csv.DictReader(io.StringIO(text, newline=""))


def _rows(manifest: Path, root: Path) -> Iterator[MusicFile | ImportFailure]:
    table = read_table(manifest)
    try:
        missing = [column for column in COLUMNS if column not in (table.fieldnames or ())]
    except csv.Error as error:
        raise ImporterError(f"The manifest {manifest} is not a CSV file: {error}.") from error
    if missing:
        raise ImporterError(
            f"The manifest {manifest} has no column {', '.join(missing)}; its first line must name path, title "
            "and composer, separated by commas."
        )
    while True:
        try:
            row = next(table)
        except StopIteration:
            return
        except csv.Error as error:
            yield ImportFailure(f"{manifest}:{table.line_num}", f"The line is not CSV: {error}.")
            continue
        problem = _problem(row)
        if problem:
            yield ImportFailure(f"{manifest}:{table.line_num}", problem)
            continue
        path = row["path"].strip()
        yield MusicFile(
            root / path,
            path,
            row["title"].strip(),
            row["composer"].strip(),
            (row.get("work_id") or "").strip(),
            (row.get("licence") or "").strip() or None,
        )


def _problem(row: dict[str, str]) -> str | None:
    if None in row:  # csv.DictReader's key for what is left over
        return "The line has more fields than the header; a field with a comma in it needs quotation marks."
    if any(row[column] is None for column in COLUMNS):
        return "The line has fewer fields than the header."
    if any("\udc80" <= character <= "\udcff" for value in row.values() for character in value or ""):
        return "The line is not UTF-8 text."
    path = row["path"].strip()
    if not path:
        return "The line has no path."
    if Path(path).suffix.lower() not in SUFFIXES:
        return f"{path} is not a music file; known are {', '.join(sorted(SUFFIXES))}."
    return None
