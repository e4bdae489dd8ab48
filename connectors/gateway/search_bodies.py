"""What requests of a search say, and the query that is made of them."""

from __future__ import annotations

import asyncio
import hashlib
import re
import uuid
from dataclasses import replace
from typing import Any

import orjson
from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import FormData, UploadFile

from connectors.publisher import ClipError, ClipMaker
from connectors.search_requests import request_of, search_limits
from connectors.settings import SearchSettings
from processors.search.limits import BadSearchError, Mode
from schemas.events import BlobRef, now_us
from schemas.search import SearchQuery

SOURCE = "gateway"
NAME_MAX = 256
BLOB_ID = re.compile(r"(?P<sha256>[0-9a-f]{64})-(?P<size>[0-9]{1,12})")
FIELDS_MAX = 16


class SearchBody(BaseModel):
    """A search: as JSON, or as the fields of a form."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"query": "a slow duet for violin and cello in minor", "top_k": 5}]},
    )

    query: str = Field("", description="In words; of text and hybrid searches.")
    audio: str | None = Field(None, description="The id of a blob: its SHA-256, a hyphen, its bytes. Or upload a file.")
    work_id: str = Field("", max_length=1_000, description="Of a search for more like a work.")
    alpha: float = Field(0.5, description="Of a hybrid search: 1 for text only, 0 for music only.")
    top_k: int = 10
    composer: str = ""
    instruments: tuple[str, ...] = ()
    tempo_min: float | None = None
    tempo_max: float | None = None


async def read_query(
    request: Request, mode: Mode, settings: SearchSettings, maker: ClipMaker
) -> tuple[SearchQuery, bytes]:
    """The query of a request, and what is the same for all requests that have the same answer.

    Raises:
        HTTPException, RequestValidationError: the request cannot be answered.
        BlobUnavailableError: a large upload cannot be stored now.
    """
    upload: UploadFile | None = None
    try:
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            async with request.form(max_files=1, max_fields=FIELDS_MAX) as form:
                body, upload = _of_form(form)
                music = None if upload is None else await upload.read()
        else:
            body, music = SearchBody.model_validate_json(await request.body() or b"{}"), None
    except ValidationError as error:
        raise RequestValidationError(orjson.loads(error.json(include_url=False, include_input=False))) from error
    query = _query(body, mode, settings)
    try:
        request_of(query).check(search_limits(settings))
    except BadSearchError as error:
        raise HTTPException(422, str(error)) from error
    if mode not in ("audio", "hybrid"):
        if music is not None or body.audio is not None:
            raise HTTPException(422, f"A search by {mode} takes no audio.")
        return query, _same(query, b"")
    name = "" if upload is None else upload.filename or ""
    return await _with_music(query, music, name, body.audio, maker)


def _of_form(form: FormData) -> tuple[SearchBody, UploadFile | None]:
    upload, values = None, {}
    for name in form:
        value = form.get(name)
        if isinstance(value, UploadFile):
            if name != "audio":
                raise HTTPException(422, "The file of a search is called `audio`.")
            upload = value
        else:
            values[name] = form.getlist(name) if name == "instruments" else value
    return SearchBody.model_validate(values), upload


def _query(body: SearchBody, mode: Mode, settings: SearchSettings) -> SearchQuery:
    values: dict[str, Any] = body.model_dump(exclude={"audio"})
    now = now_us()
    deadline = now + round(settings.timeout_s * 1e6)
    # Kafka splits a source's events by its name: searches of one gateway go to all workers
    query_id = str(uuid.uuid4())
    return SearchQuery(
        source_id=f"{SOURCE}-{query_id[:2]}", created_at=now, query_id=query_id, mode=mode, deadline=deadline, **values
    )


async def _with_music(
    query: SearchQuery, music: bytes | None, name: str, blob_id: str | None, maker: ClipMaker
) -> tuple[SearchQuery, bytes]:
    if music is not None:
        try:
            clip = await asyncio.to_thread(maker.make, music, SOURCE, name=name[:NAME_MAX] or "upload")
        except ClipError as error:
            raise HTTPException(422, str(error)) from error
        query = replace(query, kind=clip.kind, data=clip.data, blob=clip.blob)
        return query, _same(query, hashlib.sha256(music).digest())
    named = BLOB_ID.fullmatch(blob_id or "")
    if named is None:
        raise HTTPException(
            422,
            "Give music as the form's file `audio`, or the id of a blob (SHA-256, hyphen, bytes) as `audio`; paths "
            "are not taken.",
        )
    digest = named["sha256"]
    blob = BlobRef(f"{digest[:2]}/{digest}", digest, int(named["size"]))
    return replace(query, kind="audio", blob=blob), _same(query, digest.encode())


def _same(query: SearchQuery, music: bytes) -> bytes:
    asked = request_of(query)
    filters = asked.filters
    values = (
        [asked.mode, asked.query, asked.work_id, asked.alpha, asked.top_k],
        [filters.composer, *filters.instruments, filters.tempo_min, filters.tempo_max],
    )
    return hashlib.sha256(orjson.dumps(values) + music).digest()
