"""``/api/works``: what is in the catalogue, and a work's notes to draw them."""

from __future__ import annotations

import asyncio
import unicodedata
from functools import lru_cache
from typing import Annotated

import numpy as np
import orjson
from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel, Field

from connectors.settings import Settings
from connectors.telemetry import Metrics
from processors.identify import Catalogue, CatalogueError

from .access import Access
from .cache import AnswerCache

JSON = "application/json"
CACHE_S = 3600.0
KEEP = "private, max-age=60"


class WorkFound(BaseModel):
    """A work of the catalogue."""

    work_id: str
    title: str
    composer: str
    notes: int
    duration_s: float


class WorksFound(BaseModel):
    """Some of the works."""

    total: int = Field(description="How many there are.")
    works: list[WorkFound]


class WorkNotes(BaseModel):
    """A work's notes, as the index keeps them: onsets and pitches, and the downbeats where its score has some."""

    work_id: str
    notes: int = Field(description="How many there are; less are listed where it has very many.")
    onset_s: list[float]
    pitch: list[int]
    downbeat_s: list[float]


class Works:
    """The newest state of the catalogue.

    Raises:
        CatalogueError: by all methods: there is none, or it is damaged.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.catalogue_dir
        self._max_notes = settings.gateway.score_max_notes
        self._catalogue: Catalogue | None = None

    async def version(self) -> str:
        """The state of the catalogue. All of it is read the first time, in a thread."""
        opened = self.catalogue() if self._catalogue else await asyncio.to_thread(self.catalogue)
        return opened.version

    def catalogue(self) -> Catalogue:
        """As it is on disk now; one stat while it has not changed."""
        known = self._catalogue
        self._catalogue = known.refreshed() if known else Catalogue.open(self._folder, check=True)
        return self._catalogue

    def find(self, words: str, first: int, count: int) -> bytes:
        """The works whose title or composer hold all the words, whatever their case and accents."""
        wanted = _folded(words).split()
        found = [work for text, work in _listed(self.catalogue()) if all(word in text for word in wanted)]
        return WorksFound(total=len(found), works=found[first : first + count]).model_dump_json().encode()

    def notes(self, work_id: str) -> bytes:
        """A work's notes; raises ``KeyError`` where there is no such work."""
        catalogue = self.catalogue()
        notes, beats = catalogue.notes_of(work_id), catalogue.score_beats(work_id)
        shown = slice(self._max_notes)
        downbeat_s = beats.downbeat_s if beats is not None else np.zeros(0)
        return orjson.dumps(
            {
                "work_id": work_id,
                "notes": len(notes),
                "onset_s": np.round(notes.onset_s[shown], 3).tolist(),
                "pitch": notes.pitch[shown].tolist(),
                "downbeat_s": np.round(downbeat_s, 3).tolist(),
            }
        )


@lru_cache(maxsize=1)
def _listed(catalogue: Catalogue) -> list[tuple[str, WorkFound]]:
    return [
        (
            _folded(f"{info.title} {info.composer}"),
            WorkFound(
                work_id=info.work_id,
                title=info.title,
                composer=info.composer,
                notes=info.notes_count,
                duration_s=info.duration_s,
            ),
        )
        for info in catalogue.works()
    ]


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def router(settings: Settings, access: Access, metrics: Metrics) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["catalogue"], dependencies=access.needs("read"))
    works = Works(settings)
    limits = settings.gateway
    cache = AnswerCache(limits.cache_max_bytes, CACHE_S, metrics.cache_count("works"))

    async def answer(method: str, *arguments: object) -> Response:
        try:
            key = (await works.version(), method, *arguments)
            text = await cache.get(key, lambda: asyncio.to_thread(getattr(works, method), *arguments))
        except CatalogueError as error:
            raise HTTPException(503, f"The catalogue cannot be read: {error}") from error
        return Response(text, media_type=JSON)

    @api.get("/api/works", response_model=WorksFound)
    async def find(
        words: Annotated[
            str, Query(max_length=200, description="In title or composer; all are listed otherwise.")
        ] = "",
        first: Annotated[int, Query(ge=0)] = 0,
        count: Annotated[int, Query(ge=1, description="At the most; `gateway.works_max` bounds it.")] = 50,
    ) -> Response:
        """Works by title and composer, in the order in which they were added."""
        return await answer("find", words, first, min(count, limits.works_max))

    @api.get("/api/works/{work_id:path}/notes", response_model=WorkNotes)
    async def notes(work_id: str) -> Response:
        """A work's notes, for its piano roll."""
        try:
            found = await answer("notes", work_id)
            found.headers["Cache-Control"] = KEEP
            return found
        except KeyError as error:
            raise HTTPException(404, f"The catalogue has no work {work_id!r}.") from error

    return api
