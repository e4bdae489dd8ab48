"""``POST /api/analyze-song``: tempo and structure of a song, from what the caller says or from its music."""

from __future__ import annotations

import asyncio
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from connectors.publisher import ClipError
from connectors.settings import Settings
from processors.midi import BadMusicError

from .song_data import SongAnswer, SongRequest
from .song_facts import answer_of

if TYPE_CHECKING:
    from .song_listener import SongListener

HEARD_AT_ONCE = 2


def router(settings: Settings) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["songs"])
    hearing = asyncio.Semaphore(HEARD_AT_ONCE)

    @cache
    def listener() -> SongListener:
        # models and their libraries take seconds to load: a gateway that is never asked starts without them
        from .song_listener import SongListener

        return SongListener(settings)

    def heard(name: str, artist: str, data: bytes, file_name: str) -> SongAnswer:
        return listener().answer_of(name, artist, data, file_name)

    @api.post("/api/analyze-song", openapi_extra=_BODY)
    async def analyze_song(request: Request) -> SongAnswer:
        """Tempo, beat interval and structure of a song: from the caller's facts (JSON), or from its music (a form)."""
        try:
            if request.headers.get("content-type", "").startswith("multipart/form-data"):
                async with request.form(max_files=1, max_fields=8) as form:
                    file = form.get("file")
                    if not isinstance(file, UploadFile):
                        raise HTTPException(422, "The form has no file called `file`.")
                    data, file_name = await file.read(), file.filename or ""
                    name, artist = str(form.get("name", file_name)), str(form.get("artist", ""))
                async with hearing:
                    return await asyncio.to_thread(heard, name[:300], artist[:300], data, file_name)
            return answer_of(SongRequest.model_validate_json(await request.body()))
        except ValidationError as error:
            raise RequestValidationError(json.loads(error.json(include_url=False, include_input=False))) from error
        except (BadMusicError, ClipError, ValueError) as error:
            raise HTTPException(422, str(error)) from error

    return api


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": SongRequest.model_json_schema()},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "MIDI or sound."},
                        "name": {"type": "string"},
                        "artist": {"type": "string"},
                    },
                }
            },
        },
    }
}
