"""Catalogue importers: where works come from."""

from .base import ImportedWork, Importer, ImporterError, ImportFailure, ImportOptions, load_importer
from .files import FileImporter, MusicFile

__all__ = [
    "FileImporter",
    "ImportFailure",
    "ImportOptions",
    "ImportedWork",
    "Importer",
    "ImporterError",
    "MusicFile",
    "load_importer",
]
