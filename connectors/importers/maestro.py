"""MAESTRO: a folder with ``maestro-v*.csv`` or ``maestro-v*.json`` and the MIDI files that it names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .base import ImporterError, ImportFailure, ImportOptions
from .files import FileImporter, MusicFile
from .manifest import read_table

COLUMNS = ("canonical_composer", "canonical_title", "midi_filename")


class MaestroImporter(FileImporter):
    """The performances of MAESTRO, each a work of its own; ``argument`` is its folder, its CSV or its JSON file.

    Hawthorne et al.: "Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset", ICLR 2019.
    Paths are as the table has them.

    Raises:
        ImporterError: there is no table, or it is not one of MAESTRO's.
    """

    def __init__(self, argument: str, options: ImportOptions) -> None:
        table = _table_in(Path(argument))
        super().__init__(_rows(table), options)


def _table_in(place: Path) -> Path:
    if place.is_file():
        return place
    tables = sorted([*place.glob("maestro-v*.csv"), *place.glob("maestro-v*.json")])
    if not tables:
        raise ImporterError(f"There is no maestro-v*.csv or maestro-v*.json in {place}.")
    return tables[0]


def _rows(table: Path) -> Iterator[MusicFile | ImportFailure]:
    rows = _json_rows(table) if table.suffix.lower() == ".json" else list(read_table(table))
    if not rows or any(column not in rows[0] for column in COLUMNS):
        raise ImporterError(f"{table} is not MAESTRO's: it needs rows with {', '.join(COLUMNS)}.")
    for number, row in enumerate(rows, 1):
        composer, title, name = (row.get(column) or "" for column in COLUMNS)
        if name:
            yield MusicFile(table.parent / name, name, title, composer, licence="CC BY-NC-SA 4.0")
        else:
            yield ImportFailure(f"{table}: entry {number}", "The entry names no MIDI file.")


def _json_rows(table: Path) -> list[Mapping[str, str]]:
    # one object a column, from the row's number to its value
    try:
        columns = json.loads(table.read_text("utf-8"))
        keys: Iterable[str] = columns[COLUMNS[-1]]
        return [{column: columns[column].get(key, "") for column in COLUMNS} for key in keys]
    except OSError as error:
        raise ImporterError(f"{table} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ImporterError(f"{table} is not MAESTRO's JSON: {type(error).__name__}: {error}.") from error
