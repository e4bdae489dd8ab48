"""What an importer is: a source of works for the catalogue, loaded by name as a plugin.

A package adds one with an entry point in the group ``continuo.importers``, naming something that is called with
``(argument, options)`` and gives an `Importer`; ``continuo catalogue build OUT --importer NAME:ARGUMENT`` then uses it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

ENTRY_POINTS = "continuo.importers"


class ImporterError(Exception):
    """Nothing at all can be imported from a source; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ImportedWork:
    """A work as it goes into the catalogue; ``midi`` is a Standard MIDI File and ``path`` is what answers show."""

    work_id: str
    title: str
    composer: str
    path: str
    licence: str | None
    midi: bytes


@dataclass(frozen=True, slots=True)
class ImportFailure:
    """A file or a row that gives no work, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What all importers share.

    Attributes:
        cache_dir: where an importer may keep what is expensive to make again.
        root: what the paths of works are relative to; each importer says what holds without it.
        max_bytes: the largest file that is read, also unpacked.
        processes: how many processes convert scores.
    """

    cache_dir: Path
    root: Path | None = None
    max_bytes: int = 16 << 20
    processes: int = max(1, min(8, os.cpu_count() or 1))


class Importer(Protocol):
    """Gives works one by one, and a failure in the place of each that cannot be had."""

    def __iter__(self) -> Iterator[ImportedWork | ImportFailure]:
        """Read the source from its start. Nothing that is wrong with one work ends it."""
        ...

    def __len__(self) -> int:
        """About how many works there are, for a progress bar."""
        ...


def load_importer(name: str, argument: str, options: ImportOptions) -> Importer:
    """Make the importer that is installed under ``name``.

    Raises:
        ImporterError: there is none, it cannot be loaded, or it finds its argument unusable.
    """
    installed = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    if name not in installed:
        raise ImporterError(f"There is no importer {name!r}; installed are {', '.join(sorted(installed)) or 'none'}.")
    try:
        factory: Callable[[str, ImportOptions], Importer] = installed[name].load()
    except (ImportError, AttributeError) as error:
        raise ImporterError(f"The importer {name!r} ({installed[name].value}) cannot be loaded: {error}.") from error
    return factory(argument, options)
