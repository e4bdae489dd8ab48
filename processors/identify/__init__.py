"""Symbolic identification: which work is played, and where in it."""

from .builder import WorkEntry
from .catalogue import Catalogue
from .files import CatalogueError
from .live import LiveTracker
from .matcher import Identification, Identifier
from .segment import WorkInfo

__all__ = ["Catalogue", "CatalogueError", "Identification", "Identifier", "LiveTracker", "WorkEntry", "WorkInfo"]
