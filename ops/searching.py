"""Searching a catalogue on this machine, without Kafka: for the command and for evaluation."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from connectors.music_limits import music_limits
from connectors.publisher import ClipError, kind_of
from connectors.search_requests import search_limits
from connectors.settings import Settings
from processors.identify import Catalogue
from processors.midi import BadMusicError
from processors.search.engine import SearchEngine
from processors.search.hearing import Heard, Hearing, identifier_of
from processors.search.index import SearchIndex
from processors.search.limits import BadSearchError, SearchRequest
from processors.search.model import SearchModel


def open_engine(path: Path, settings: Settings) -> SearchEngine:
    """An engine on a catalogue; its search index is made or brought up to date first, with a bar on the terminal.

    Raises:
        CatalogueError: there is no catalogue, it is damaged, or its index cannot be written.
        TextEncoderError: the text encoder's weights are missing.
    """
    model = SearchModel(settings.models_dir)
    catalogue = Catalogue.open(path)
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("Embedding works", total=None)
        index = SearchIndex.of(catalogue, model, lambda done, total: bar.update(task, completed=done, total=total))
    return SearchEngine(index, model, search_limits(settings.search))


def search_files(request: SearchRequest, music: Path | None, catalogue: Path, settings: Settings) -> dict[str, Any]:
    """``status``, ``latency_ms``, ``mode`` and ``works``; with status ``failed`` also ``error``.

    The latency is that of the search with everything loaded: reading and hearing the music included.

    Raises:
        CatalogueError, TextEncoderError: as ``open_engine``.
    """
    started = time.perf_counter()
    try:
        request.check(search_limits(settings.search))
        engine = open_engine(catalogue, settings)
        engine.warm_up()
        started = time.perf_counter()
        heard = None if music is None else _hear(music, engine, settings)
        works = engine.search(request, heard)
    except (BadSearchError, BadMusicError) as error:
        return _failed(request, started, error.type, str(error))
    except ClipError as error:
        return _failed(request, started, "not_music", str(error))
    except OSError as error:
        return _failed(request, started, "unreadable", f"{music} cannot be read: {error.strerror}.")
    return {
        "status": "found",
        "mode": request.mode,
        "latency_ms": round((time.perf_counter() - started) * 1000.0, 3),
        "works": [asdict(work) for work in works],
    }


def _hear(music: Path, engine: SearchEngine, settings: Settings) -> Heard:
    data = music.read_bytes()
    kind = kind_of(data, music.name)
    return Hearing(music_limits(settings.limits)).hear(kind, data, identifier_of(engine.index.catalogue))


def _failed(request: SearchRequest, started: float, type: str, message: str) -> dict[str, Any]:
    return {
        "status": "failed",
        "mode": request.mode,
        "latency_ms": round((time.perf_counter() - started) * 1000.0, 3),
        "works": [],
        "error": {"type": type, "message": message},
    }
