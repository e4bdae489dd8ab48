"""``python -m ops.warm_up``: what the workers compute with is compiled and made, so that none has to when it starts."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.music_limits import music_limits
from connectors.settings import Settings
from processors.beats import followed
from processors.identify import Catalogue, Identifier, builder
from processors.identify_music import MusicIdentifier
from processors.search.text import TextEncoder


def main() -> None:
    """Compiled code goes where numba keeps it: beside the modules, or in ``NUMBA_CACHE_DIR``; models to the cache."""
    settings = Settings()
    load_compiled()
    MusicIdentifier(music_limits(settings.limits)).warm_up()
    TextEncoder(settings.models_dir)


def load_compiled() -> None:
    """Load compiled code into this process, and compile what is not there yet."""
    with TemporaryDirectory() as folder:
        Identifier(Catalogue.update(Path(folder))).warm_up()
    builder.warm_up()
    followed.warm_up()


if __name__ == "__main__":
    main()
