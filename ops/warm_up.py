"""``python -m ops.warm_up``: compile what the workers compute with, so that none of them has to when it starts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.music_limits import music_limits
from connectors.settings import Settings
from processors.beats import followed
from processors.identify import Catalogue, Identifier, builder
from processors.identify_music import MusicIdentifier


def main() -> None:
    """Compiled code goes where numba keeps it: beside the modules, or in ``NUMBA_CACHE_DIR``."""
    with TemporaryDirectory() as folder:
        Identifier(Catalogue.update(Path(folder))).warm_up()
    builder.warm_up()
    followed.warm_up()
    MusicIdentifier(music_limits(Settings().limits)).warm_up()


if __name__ == "__main__":
    main()
