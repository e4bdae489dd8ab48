"""``/api/clips``: publish a clip, and ask for its answer."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import APIRouter, File, Form, HTTPException, Query, Response, UploadFile
from pydantic import BaseModel

from connectors.publisher import ClipError, ClipMaker
from connectors.settings import GatewaySettings
from schemas import topics

from .access import Access
from .publishing import Publish
from .results import ClipResults

JSON = "application/json"
NAME_MAX = 256
FILE_MAX_S = 1e6

Wait = Annotated[
    float, Query(ge=0.0, alias="wait_s", description="How long to wait for the answer, seconds; 0 asks once.")
]


Want: TypeAlias = Literal["identify", "instruments"]
DEFAULT: list[Want] = ["identify"]


class Pending(BaseModel):
    """There is no answer yet."""

    clip_id: str
    status: Literal["pending"] = "pending"


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer, the event of `matches`.",
        "content": {
            JSON: {
                "example": {
                    "clip_id": "5f0c…",
                    "status": "matched",
                    "candidates": [
                        {
                            "work_id": "joplin/maple_leaf.mid",
                            "title": "Maple Leaf Rag",
                            "composer": "Scott Joplin",
                            "confidence": 0.99,
                            "ref_start_s": 31.4,
                            "ref_end_s": 39.0,
                            "transposition": 2,
                            "tempo_ratio": 1.12,
                        }
                    ],
                }
            }
        },
    },
    202: {"model": Pending, "description": "There is no answer yet, or no such clip."},
}
INSTRUMENTS: dict[int | str, dict[str, Any]] = ANSWERS | {
    200: {
        "description": "The event of `instruments`.",
        "content": {
            JSON: {
                "example": {
                    "clip_id": "5f0c…",
                    "status": "detected",
                    "instruments": [{"label": "piano", "probability": 0.97, "by_second": [0.9, 0.99]}],
                }
            }
        },
    }
}


def router(
    limits: GatewaySettings,
    access: Access,
    maker: ClipMaker,
    publish: Publish,
    answers: ClipResults,
    instruments: ClipResults,
) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["clips"])
    uploads = asyncio.Semaphore(limits.uploads)

    async def answer(clip_id: str, wait_s: float, results: ClipResults = answers) -> Response:
        found = await results.of(clip_id, min(wait_s, limits.wait_max_s))
        if found is not None:
            return Response(found, media_type=JSON)
        return Response(Pending(clip_id=clip_id).model_dump_json(), 202, {"Retry-After": "1"}, JSON)

    @api.post("/api/clips", responses=ANSWERS, dependencies=access.needs("publish"))
    async def publish_clip(
        file: Annotated[UploadFile, File(description="MIDI or sound.")],
        source_id: Annotated[str, Form(min_length=1, max_length=NAME_MAX)] = "http",
        clip_id: Annotated[str | None, Form(min_length=1, max_length=NAME_MAX)] = None,
        start_s: Annotated[float, Form(ge=0.0, le=FILE_MAX_S, description="Where in the file the clip starts.")] = 0.0,
        length_s: Annotated[
            float | None, Form(gt=0.0, le=FILE_MAX_S, description="How much of it counts; else the rest.")
        ] = None,
        wants: Annotated[list[Want], Form(description="What is asked for; may be given more than once.")] = DEFAULT,
        wait_s: Wait = 0.0,
    ) -> Response:
        """Publish a clip; it is in Kafka when this answers. With `wait_s` the work that it is of is waited for."""

        def publish_data(data: bytes) -> str:
            name = (file.filename or "")[:NAME_MAX] or None
            clip = maker.make(
                data,
                source_id,
                clip_id=clip_id,
                name=name,
                start_s=start_s,
                length_s=length_s,
                wants=tuple(dict.fromkeys(wants)),
            )
            publish(topics.CLIPS.name, [clip])
            return clip.clip_id

        try:
            async with uploads:
                published = await asyncio.to_thread(publish_data, await file.read())
        except ClipError as error:
            raise HTTPException(422, str(error)) from error
        said = await answer(published, wait_s)
        said.headers["Location"] = f"/api/clips/{published}"
        return said

    @api.get("/api/clips/{clip_id}", responses=ANSWERS, dependencies=access.needs("read"))
    async def clip(clip_id: str, wait_s: Wait = 0.0) -> Response:
        """The answer to a clip. Answers are kept for `redis.answer_expiry_s`."""
        return await answer(clip_id, wait_s)

    @api.get("/api/clips/{clip_id}/instruments", responses=INSTRUMENTS, dependencies=access.needs("read"))
    async def clip_instruments(clip_id: str, wait_s: Wait = 0.0) -> Response:
        """The instruments that are heard in a clip which wanted them."""
        return await answer(clip_id, wait_s, instruments)

    return api
