"""``POST /api/start-rhythm-mode``: the gateway counts a song's beats, and its triggers fire as if it were played.

Beats and sections go onto their topics, so everything behind them is the same as for a live player. A rhythm mode lives
in this process: it ends with it.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass

import structlog
from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from connectors.settings import GatewaySettings
from processors.triggers import Rules
from schemas import topics
from schemas.events import Origin
from schemas.rhythm import Beat, Section

from .publishing import ORIGIN, Publish
from .song_data import Structure, Tempo

LEAD_IN_S = 0.5
MADE_BY = "gateway-1"

log = structlog.get_logger(__name__)


class SongData(BaseModel):
    """As ``analyze-song`` answers it; what else it says is ignored."""

    model_config = ConfigDict(extra="ignore")

    tempo: Tempo
    beats_per_bar: int = Field(4, ge=1, le=16)
    structure: Structure = ()


class RhythmModeRequest(BaseModel):
    """A song whose beats are to be counted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "song_data": {
                        "tempo": 120.0,
                        "structure": [
                            {"section": "intro", "start": 0.0, "end": 16.0},
                            {"section": "verse", "start": 16.0, "end": 48.0},
                        ],
                    },
                    "duration": 48.0,
                }
            ]
        }
    )

    song_data: SongData
    duration: float = Field(gt=0.0, description="Seconds.")
    source_id: str = Field("rhythm-mode", min_length=1, max_length=256)


class RhythmMode(BaseModel):
    """One rhythm mode."""

    success: bool = True
    session_id: str
    source_id: str
    tempo: float
    beat_interval: float
    beats: int = Field(description="How many beats there are in all.")
    triggers: int = Field(description="How many triggers fire, by the rules in force.")
    state: str = Field("playing", description="playing, ended, or why it failed.")


@dataclass(slots=True)
class _Mode:
    says: RhythmMode
    task: asyncio.Task[None]


class RhythmModes:
    """The rhythm modes that run; used in the event loop."""

    def __init__(self, limits: GatewaySettings, publish: Publish, rules: Rules) -> None:
        self._limits = limits
        self._publish = publish
        self._rules = rules
        self._modes: dict[str, _Mode] = {}

    async def start(self, request: RhythmModeRequest) -> RhythmMode:
        """Begin to count.

        Raises:
            ValueError: it is too long, or too many run.
        """
        if request.duration > self._limits.rhythm_max_s:
            raise ValueError(f"{request.duration:g} s are too long; the limit is {self._limits.rhythm_max_s:g} s.")
        self._modes = {key: mode for key, mode in self._modes.items() if not mode.task.done()}
        if len(self._modes) >= self._limits.rhythm_sessions:
            raise ValueError(f"{len(self._modes)} rhythm modes run already, as many as may.")
        beats = self._beats(request, str(uuid.uuid4()))
        says = RhythmMode(
            session_id=beats[0].session_id,
            source_id=request.source_id,
            tempo=request.song_data.tempo,
            beat_interval=60.0 / request.song_data.tempo,
            beats=len(beats),
            triggers=sum(self._fires(request, beat) for beat in beats),
        )
        sections = _sections(request, says.session_id)
        await asyncio.to_thread(self._publish, topics.SECTIONS.name, sections)
        self._modes[says.session_id] = _Mode(says, asyncio.create_task(self._play(beats, says)))
        return says

    def find(self, session_id: str) -> RhythmMode:
        """A rhythm mode that runs, or has ended lately; raises ``KeyError``."""
        return self._modes[session_id].says

    async def stop(self, session_id: str) -> RhythmMode:
        """End a rhythm mode early; raises ``KeyError``."""
        mode = self._modes[session_id]
        mode.task.cancel()
        await asyncio.gather(mode.task, return_exceptions=True)
        mode.says.state = "ended"
        return mode.says

    async def close(self) -> None:
        """End all."""
        for session_id in list(self._modes):
            await self.stop(session_id)

    async def _play(self, beats: list[Beat], says: RhythmMode) -> None:
        try:
            for beat in beats:
                await asyncio.sleep(max(0.0, beat.source_zero_us / 1e6 + beat.time_s - time.time()))
                await asyncio.to_thread(self._publish, topics.BEATS.name, [beat])
            says.state = "ended"
        except Exception as error:  # nobody awaits the task
            log.exception("rhythm mode failed", session=says.session_id)
            says.state = f"failed: {error}"

    def _beats(self, request: RhythmModeRequest, session_id: str) -> list[Beat]:
        song, period_s = request.song_data, 60.0 / request.song_data.tempo
        zero_us = round((time.time() + LEAD_IN_S) * 1e6)
        return [
            Beat(
                source_id=request.source_id,
                origin=Origin(ORIGIN, 0, number),
                session_id=session_id,
                source_zero_us=zero_us,
                number=number + 1,
                time_s=number * period_s,
                position=number % song.beats_per_bar + 1,
                downbeat=number % song.beats_per_bar == 0,
                beats_per_bar=song.beats_per_bar,
                tempo_bpm=song.tempo,
                confidence=1.0,
                next_beat_s=(number + 1) * period_s,
                basis="score",
                made_by=MADE_BY,
            )
            for number in range(max(1, int(request.duration / period_s)))
        ]

    def _fires(self, request: RhythmModeRequest, beat: Beat) -> bool:
        begun = [part for part in request.song_data.structure if part.start <= beat.time_s]
        section = max(begun, key=lambda part: part.start).section if begun else "other"
        return self._rules.rule_for(beat.number, section) is not None


def _sections(request: RhythmModeRequest, session_id: str) -> list[Section]:
    return [
        Section(
            source_id=request.source_id,
            origin=Origin(ORIGIN, 0, number),
            session_id=session_id,
            label=part.section,
            start_s=part.start,
            end_s=part.end,
            confidence=part.confidence,
            basis="score",
            made_by=MADE_BY,
        )
        for number, part in enumerate(request.song_data.structure)
    ]


def router(modes: RhythmModes) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["rhythm"])

    @api.post("/api/start-rhythm-mode")
    async def start_rhythm_mode(request: RhythmModeRequest) -> RhythmMode:
        """Count a song's beats for some time; its triggers fire meanwhile."""
        try:
            return await modes.start(request)
        except ValueError as error:
            raise HTTPException(422, str(error)) from error

    @api.get("/api/rhythm-mode/{session_id}")
    async def rhythm_mode(session_id: str) -> RhythmMode:
        """How a rhythm mode is getting on."""
        try:
            return modes.find(session_id)
        except KeyError:
            raise HTTPException(404, "There is no such rhythm mode.") from None

    @api.delete("/api/rhythm-mode/{session_id}")
    async def stop_rhythm_mode(session_id: str) -> RhythmMode:
        """End a rhythm mode early."""
        try:
            return await modes.stop(session_id)
        except KeyError:
            raise HTTPException(404, "There is no such rhythm mode.") from None

    return api
