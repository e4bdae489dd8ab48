"""Music files to works: MIDI as it is, scores converted, several at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from processors import scores
from processors.midi import BadMusicError

from .base import ImportedWork, ImporterError, ImportFailure, ImportOptions

MIDI_SUFFIXES = frozenset({".mid", ".midi"})
SUFFIXES = MIDI_SUFFIXES | scores.SUFFIXES
AHEAD = 64
"""How many files are read before the first of them is asked for."""

Result = list[ImportedWork | ImportFailure]


@dataclass(frozen=True, slots=True)
class MusicFile:
    """A file to import.

    Attributes:
        file: where it lies.
        path: what the catalogue calls it.
        title, composer: what is known of it; empty: taken from the file.
        work_id: empty: the path; the tunes of a book get ``#`` and their number after it.
        fallback_title, fallback_composer: for when the file does not say either.
    """

    file: Path
    path: str
    title: str = ""
    composer: str = ""
    work_id: str = ""
    licence: str | None = None
    fallback_title: str = ""
    fallback_composer: str = ""


def is_music(path: Path) -> bool:
    """Whether the name is one of a music file, and not of a hidden one."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


class FileImporter:
    """An importer of a list of files; what could not even be listed stands in it as a failure."""

    def __init__(self, files: Iterable[MusicFile | ImportFailure], options: ImportOptions) -> None:
        self.files = list(files)
        self.options = options

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[ImportedWork | ImportFailure]:
        return read_files(self.files, self.options)


def read_files(
    files: Iterable[MusicFile | ImportFailure], options: ImportOptions
) -> Iterator[ImportedWork | ImportFailure]:
    """The works of the files, in their order. Scores are converted by ``options.processes`` processes."""
    with ExitStack() as stack:
        pool: ProcessPoolExecutor | None = None
        waiting: deque[Result | Future[Result]] = deque()
        for file in files:
            if isinstance(file, ImportFailure):
                waiting.append([file])
            elif file.file.suffix.lower() in MIDI_SUFFIXES:
                waiting.append(read_file(file, options.max_bytes))
            else:
                if pool is None:
                    # never forked: the caller may have threads, whose locks a fork would copy as they are
                    context = multiprocessing.get_context("spawn")
                    pool = stack.enter_context(ProcessPoolExecutor(options.processes, context, _settle_in))
                    stack.callback(pool.shutdown, wait=False, cancel_futures=True)
                waiting.append(_submit(pool, file, options.max_bytes))
            if len(waiting) > AHEAD:
                yield from _result(waiting.popleft())
        while waiting:
            yield from _result(waiting.popleft())


def read_file(file: MusicFile, max_bytes: int) -> Result:
    """The works of one file, or why there are none."""
    try:
        if file.file.stat().st_size > max_bytes:
            raise BadMusicError("too_large", f"The file is larger than the limit of {max_bytes} bytes.")
        data = file.file.read_bytes()
        if file.file.suffix.lower() in MIDI_SUFFIXES:
            return [_work(file, scores.Piece(data, "", ""))]
        pieces = scores.read_pieces(data, file.file.name, max_bytes)
    except FileNotFoundError:
        return [ImportFailure(file.path, f"There is no file {file.file}.")]
    except OSError as error:
        return [ImportFailure(file.path, f"The file {file.file} cannot be read: {error.strerror}.")]
    except BadMusicError as error:
        return [ImportFailure(file.path, str(error))]
    return [
        ImportFailure(file.path, str(piece)) if isinstance(piece, BadMusicError) else _work(file, piece)
        for piece in pieces
    ]


def _work(file: MusicFile, piece: scores.Piece) -> ImportedWork:
    # in a book of tunes each tune has its own title; a name given to the whole file is not it
    title = (piece.title or file.title) if piece.number else (file.title or piece.title)
    path = f"{file.path}#{piece.number}" if piece.number else file.path
    work_id = file.work_id or file.path
    return ImportedWork(
        f"{work_id}#{piece.number}" if piece.number else work_id,
        title or file.fallback_title or file.file.stem,
        file.composer or piece.composer or file.fallback_composer,
        path,
        file.licence,
        piece.midi,
    )


def _settle_in() -> None:
    """In a converting process: leave Ctrl-C to the one that asked for the work, but do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _submit(pool: ProcessPoolExecutor, file: MusicFile, max_bytes: int) -> Result | Future[Result]:
    try:
        return pool.submit(_read_or_explain, file, max_bytes)
    except RuntimeError as error:  # the pool is broken, see _result
        raise ImporterError(f"The processes that convert scores have ended: {error}") from error


def _read_or_explain(file: MusicFile, max_bytes: int) -> Result:
    try:
        return read_file(file, max_bytes)
    except Exception as error:  # a damaged score may lead a reader anywhere; the other files are not to suffer
        return [ImportFailure(file.path, f"The reader failed: {type(error).__name__}: {error}")]


def _result(result: Result | Future[Result]) -> Result:
    if isinstance(result, list):
        return result
    try:
        return result.result()
    except RuntimeError as error:  # BrokenProcessPool: one was killed, most often for want of memory
        raise ImporterError(f"A process that converts scores has ended before its time: {error}") from error
