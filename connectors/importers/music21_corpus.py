"""The scores that come with the music21 package: chorales, quartets, masses, madrigals, songs and tunes.

music21 itself is not loaded: its own reading of all scores takes minutes, ours seconds, and those are spent once.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from processors import scores

from .base import ImportedWork, ImporterError, ImportFailure, ImportOptions
from .cache import load_works, save_works
from .files import MusicFile, is_music, read_files

COMPOSERS = {
    "bach": "Johann Sebastian Bach",
    "beach": "Amy Beach",
    "beethoven": "Ludwig van Beethoven",
    "chopin": "Frédéric Chopin",
    "ciconia": "Johannes Ciconia",
    "corelli": "Arcangelo Corelli",
    "cpebach": "Carl Philipp Emanuel Bach",
    "handel": "George Frideric Handel",
    "haydn": "Joseph Haydn",
    "johnson_j_r": "J. Rosamond Johnson",
    "joplin": "Scott Joplin",
    "josquin": "Josquin des Prez",
    "liliuokalani": "Liliʻuokalani",
    "lusitano": "Vicente Lusitano",
    "monteverdi": "Claudio Monteverdi",
    "mozart": "Wolfgang Amadeus Mozart",
    "palestrina": "Giovanni Pierluigi da Palestrina",
    "schoenberg": "Arnold Schoenberg",
    "schubert": "Franz Schubert",
    "schumann_clara": "Clara Schumann",
    "schumann_robert": "Robert Schumann",
    "verdi": "Giuseppe Verdi",
    "weber": "Carl Maria von Weber",
    "webern": "Anton Webern",
}
"""By collection; in the other collections each score names its own, if it is known."""

EXERCISES = frozenset({"demos", "theoryExercises"})
TUNE_BOOKS = frozenset({"airdsAirs", "essenFolksong", "miscFolk", "nottingham-dataset", "oneills1850", "ryansMammoth"})
"""Some 13,000 tunes, many in several variants."""

ALL = "all"
EDITION = 1
"""Goes up with any change to what this importer makes of the corpus, so that nothing old is taken from the cache."""
LICENCE = "various, see music21/corpus/license.txt"


class Music21Importer:
    """The corpus of the installed music21, each piece once: exact doubles are left out.

    ``argument`` is empty for all scores but the tune books, ``all``, or names of collections with commas between
    (``bach,ryansMammoth``). Paths are ``music21/`` and the path in the corpus.

    Raises:
        ImporterError: music21 is not installed or lacks its corpus, or has no such collection.
    """

    def __init__(self, argument: str, options: ImportOptions) -> None:
        self.options = options
        self.corpus = _corpus_folder()
        self.collections = _chosen(argument, self.corpus)
        self.files = sorted(
            file for name in self.collections for file in (self.corpus / name).rglob("*") if is_music(file)
        )

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[ImportedWork | ImportFailure]:
        kept = load_works(self._cache)
        if kept is not None:
            yield from kept
            return
        works: list[ImportedWork | ImportFailure] = []
        for work in _each_once(read_files(map(self._describe, self.files), self.options)):
            if isinstance(work, ImportedWork):
                work = replace(work, title=_full_title(work.title, PurePosixPath(work.path)))
            works.append(work)
            yield work
        try:
            save_works(self._cache, works)
        except OSError as error:
            logging.getLogger(__name__).warning("The scores of music21 could not be kept in %s: %s", self._cache, error)

    @property
    def _cache(self) -> Path:
        chosen = hashlib.sha256(",".join(self.collections).encode()).hexdigest()[:12]
        return (
            self.options.cache_dir / "scores" / f"music21-{version('music21')}-{scores.VERSION}.{EDITION}-{chosen}.zip"
        )

    def _describe(self, file: Path) -> MusicFile:
        inside = file.relative_to(self.corpus)
        name = " ".join([*inside.parts[1:-1], file.stem]).replace("_", " ")
        return MusicFile(
            file,
            f"music21/{inside.as_posix()}",
            composer=COMPOSERS.get(inside.parts[0], ""),
            licence=LICENCE,
            fallback_title=name,
        )


def _corpus_folder() -> Path:
    found = find_spec("music21")
    if found is None or not found.submodule_search_locations:
        raise ImporterError("music21 is not installed; install it with: pip install music21")
    corpus = Path(found.submodule_search_locations[0], "corpus")
    if not (corpus / "bach").is_dir():
        raise ImporterError(
            f"The installed music21 has no scores in {corpus}; install it from PyPI, where it has them."
        )
    return corpus


def _chosen(argument: str, corpus: Path) -> list[str]:
    known = {folder.name for folder in corpus.iterdir() if folder.is_dir() and not folder.name.startswith("_")}
    if argument in ("", ALL):
        return sorted(known - EXERCISES - (TUNE_BOOKS if not argument else frozenset()))
    chosen = {name.strip() for name in argument.split(",")} - {""}
    if not chosen <= known:
        raise ImporterError(
            f"music21 has no collection {', '.join(sorted(chosen - known))}; there are {', '.join(sorted(known))}."
        )
    return sorted(chosen)


def _full_title(title: str, path: PurePosixPath) -> str:
    """A title that tells the work from the others: some scores have their file's name, some only "First Section"."""
    stem = path.stem
    if path.parts[1] == "bach" and stem.startswith("bwv"):
        number = f"BWV {stem[3:]}"
        return number if title in (stem, path.name) else f"{title} ({number})"
    movement = stem.partition("_")[0]
    if path.parts[1] == "palestrina" and movement not in title:
        mass, _, section = title.partition(": ")
        return f"{mass}: {movement}, {section}" if section else f"{mass}: {movement}"
    return title


def _each_once(works: Iterator[ImportedWork | ImportFailure]) -> Iterator[ImportedWork | ImportFailure]:
    seen: set[bytes] = set()
    for work in works:
        if isinstance(work, ImportedWork):
            content = hashlib.sha256(work.midi).digest()
            if content in seen:
                continue
            seen.add(content)
        yield work
