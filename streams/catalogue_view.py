"""The catalogue on disk, as a worker reads it: always its newest state, without a restart."""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from connectors.settings import Settings
from processors.identify import Catalogue, CatalogueError, Identifier

log = structlog.get_logger(__name__)


def open_or_create(folder: Path) -> Catalogue:
    """The catalogue in ``folder``; an empty one if there is none yet.

    Raises:
        CatalogueError: it is damaged.
    """
    try:
        return Catalogue.open(folder, check=True)
    except CatalogueError:
        if folder.is_dir() and any(file.name != "lock" for file in folder.iterdir()):
            raise
        return Catalogue.update(folder)


class CatalogueView:
    """Gives an identifier on the newest state of the catalogue; may be used from several threads.

    Raises:
        CatalogueError: the catalogue is damaged.
    """

    def __init__(self, settings: Settings) -> None:
        self._top = settings.identify.top
        self._lock = threading.Lock()
        self._identifier = Identifier(open_or_create(settings.catalogue_dir), self._top)
        self._identifier.warm_up()

    def identifier(self) -> Identifier:
        """The identifier to use now; costs one stat while the catalogue has not changed."""
        with self._lock:
            known = self._identifier.catalogue
            try:
                newest = known.refreshed()
                if newest is not known:
                    self._identifier = Identifier(newest, self._top)
            except CatalogueError as error:
                log.warning("keeping the catalogue as it was", version=known.version, reason=str(error))
            return self._identifier
