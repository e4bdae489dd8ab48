"""``/api/sources/SOURCE/notes``: live notes in, by WebSocket or in batches."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, HTTPException, WebSocket, WebSocketDisconnect
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from connectors.settings import GatewaySettings, TracingSettings
from connectors.tracing import sampled_traceparent
from schemas import topics
from schemas.events import NoteEvent

from .access import SOCKET_PROTOCOL, Access
from .publishing import AWAY, Publish

SOURCE_MAX = 256
BAD_SOURCE = f"A source's name has 1 to {SOURCE_MAX} characters."
TRY_LATER = 1013
BAD_DATA = 1007


class LiveNote(BaseModel):
    """What a player did."""

    model_config = ConfigDict(extra="forbid")

    time_s: float = Field(ge=0.0, le=1e6, description="On the player's own clock.")
    type: Literal["note_on", "note_off", "pedal"]
    pitch: int = Field(0, ge=0, le=127)
    velocity: int = Field(64, ge=0, le=127)


class Batch(BaseModel):
    """Notes of a session, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "session_id": "tonight",
                    "first_sequence": 0,
                    "notes": [{"time_s": 0.0, "type": "note_on", "pitch": 60, "velocity": 80}],
                }
            ]
        }
    )

    session_id: str = Field(min_length=1, max_length=SOURCE_MAX)
    first_sequence: int = Field(ge=0, description="The number of the first note; they are counted from 0.")
    notes: list[LiveNote] = Field(min_length=1)


class Taken(BaseModel):
    """The notes are in Kafka."""

    session_id: str
    next_sequence: int


NOTES = TypeAdapter(list[LiveNote])


def router(limits: GatewaySettings, access: Access, publish: Publish, tracing: TracingSettings) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["sources"])
    players = asyncio.Semaphore(limits.players)

    @api.post("/api/sources/{source_id:path}/notes", dependencies=access.needs("publish"))
    async def take_batch(source_id: str, batch: Batch) -> Taken:
        """Publish notes; they are in Kafka when this answers."""
        if len(batch.notes) > limits.notes_per_message:
            raise HTTPException(422, f"At most {limits.notes_per_message} notes are taken at once.")
        if not 1 <= len(source_id) <= SOURCE_MAX:
            raise HTTPException(422, BAD_SOURCE)
        session = _Session(source_id, batch.session_id, batch.first_sequence, sampled_traceparent(tracing))
        await asyncio.to_thread(publish, topics.NOTES.name, session.events(batch.notes))
        return session.taken()

    @api.websocket("/api/sources/{source_id:path}/notes", dependencies=access.needs("publish"))
    async def take_notes(socket: WebSocket, source_id: str) -> None:
        if players.locked():
            await socket.close(TRY_LATER, "As many play as may.")
            return
        if not 1 <= len(source_id) <= SOURCE_MAX:
            await socket.close(BAD_DATA, BAD_SOURCE)
            return
        async with players:
            session = _Session(source_id, str(uuid.uuid4()), 0, sampled_traceparent(tracing))
            await _play(socket, session, limits, publish)

    return api


async def _play(socket: WebSocket, session: _Session, limits: GatewaySettings, publish: Publish) -> None:
    """Take messages until the player leaves: each a JSON array of notes, answered when they are in Kafka."""
    offered = socket.scope.get("subprotocols", [])
    await socket.accept(SOCKET_PROTOCOL if SOCKET_PROTOCOL in offered else None)
    try:
        while True:
            notes = NOTES.validate_json(await socket.receive_text())
            if len(notes) > limits.notes_per_message:
                await socket.close(BAD_DATA, f"At most {limits.notes_per_message} notes are taken at once.")
                return
            begun_s = time.monotonic()
            await asyncio.to_thread(publish, topics.NOTES.name, session.events(notes))
            await socket.send_text(session.taken().model_dump_json())
            await asyncio.sleep(begun_s + len(notes) / limits.notes_per_s - time.monotonic())
    except WebSocketDisconnect:
        pass
    except ValidationError as error:
        await socket.close(BAD_DATA, f"These are no notes: {error.errors()[0]['msg']}"[:120])
    except AWAY as error:
        await socket.close(TRY_LATER, str(error)[:120])


class _Session:
    """Numbers the notes of one player."""

    def __init__(self, source_id: str, session_id: str, next_sequence: int, trace_context: str) -> None:
        self._source_id = source_id
        self._session_id = session_id
        self._next = next_sequence
        self._trace_context = trace_context

    def events(self, notes: Sequence[LiveNote]) -> list[NoteEvent]:
        """The next events."""
        first = self._next
        self._next += len(notes)
        return [
            NoteEvent(
                source_id=self._source_id,
                trace_context=self._trace_context,
                session_id=self._session_id,
                sequence=first + number,
                **note.model_dump(),
            )
            for number, note in enumerate(notes)
        ]

    def taken(self) -> Taken:
        """How far it has come."""
        return Taken(session_id=self._session_id, next_sequence=self._next)
