"""``POST /api/analyze-song``: tempo and structure of a song, from what the caller says or from its music."""

from __future__ import annotations

import asyncio
import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import APIRouter, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.datastructures import UploadFile

from connectors.publisher import ClipError, kind_of
from connectors.settings import Settings
from processors.audio import decode_audio
from processors.identify import Catalogue, CatalogueError, Identifier
from processors.midi import BadMusicError, read_midi
from processors.notes import Notes

from .song_data import SongAnswer, SongPart, SongRequest

if TYPE_CHECKING:  # networks take long to import; who restarts a gateway does not wait for them
    from processors.beats import Beat, OfflineBeats
    from processors.identify_music import MusicLimits
    from processors.onsets import Transcriber

HEARD_AT_ONCE = 2
FORM = (
    ("intro", 2),
    ("verse", 4),
    ("chorus", 4),
    ("verse", 4),
    ("chorus", 4),
    ("bridge", 2),
    ("chorus", 4),
    ("outro", 2),
)
"""A usual form, for songs of which only tempo and length are known: sections and their share."""


class SongAnalyser:
    """Finds tempo, structure and, where a catalogue is there, the work; may be used from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogue_dir = settings.catalogue_dir
        self._catalogue: Catalogue | None = None
        self._top = settings.identify.top

    def of_facts(self, song: SongRequest) -> SongAnswer:
        """From what the caller says.

        Raises:
            ValueError: it does not say enough.
        """
        facts = song.audio_features
        if facts is None:
            raise ValueError("Give audio_features with a tempo, or send the music as a file in a form.")
        structure, basis = facts.structure, "given"
        if not structure and facts.length_s:
            structure, basis = _usual_form(facts.length_s, 60.0 / facts.tempo * facts.time_signature), "assumed"
        return SongAnswer(
            name=song.name,
            artist=song.artist,
            tempo=facts.tempo,
            beat_interval=60.0 / facts.tempo,
            beats_per_bar=facts.time_signature,
            duration=facts.length_s,
            structure=structure,
            basis="assumed" if basis == "assumed" else "given",
        )

    def of_music(self, name: str, artist: str, data: bytes, file_name: str) -> SongAnswer:
        """From a MIDI or sound file.

        Raises:
            BadMusicError, ClipError: it is no music, damaged or over a limit.
            ValueError: it has no beats.
        """
        from processors.sections import sections_of

        notes = self._notes(data, file_name)
        beats = self._beats.beats_of(notes)
        if len(beats) < 2:
            raise ValueError("No beats can be heard in this music.")
        period_s = _usual_period(beats)
        return SongAnswer(
            name=name,
            artist=artist,
            tempo=60.0 / period_s,
            beat_interval=period_s,
            beats_per_bar=max(1, round(float(np.median([beat.beats_per_bar for beat in beats])))),
            duration=notes.end_s,
            structure=tuple(
                SongPart(section=part.label, start=part.start_s, end=part.end_s, confidence=part.confidence)
                for part in sections_of(notes, np.array([beat.time_s for beat in beats]))
            ),
            basis="heard",
            work_id=self._work_of(notes),
        )

    def _notes(self, data: bytes, file_name: str) -> Notes:
        if kind_of(data, file_name) == "midi":
            return read_midi(data, self._limits.midi)
        sound = decode_audio(data, self._limits.audio)
        return self._transcriber.transcribe(sound.samples, sound.rate_hz).notes

    def _work_of(self, notes: Notes) -> str | None:
        try:
            known = self._catalogue
            self._catalogue = known.refreshed() if known else Catalogue.open(self._catalogue_dir, check=True)
        except CatalogueError:
            return None
        found = Identifier(self._catalogue, self._top).identify(notes)
        return found.candidates[0].work_id if found.status == "matched" else None

    @cached_property
    def _limits(self) -> MusicLimits:
        from connectors.music_limits import music_limits

        return music_limits(self._settings.limits)

    @cached_property
    def _beats(self) -> OfflineBeats:
        from processors.beats import OfflineBeats

        return OfflineBeats()

    @cached_property
    def _transcriber(self) -> Transcriber:
        from processors.onsets import Transcriber

        return Transcriber()


def router(analyser: SongAnalyser) -> APIRouter:
    """The routes."""
    api = APIRouter(tags=["songs"])
    hearing = asyncio.Semaphore(HEARD_AT_ONCE)

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
                    return await asyncio.to_thread(analyser.of_music, name[:300], artist[:300], data, file_name)
            return analyser.of_facts(SongRequest.model_validate_json(await request.body()))
        except ValidationError as error:
            raise RequestValidationError(json.loads(error.json(include_url=False))) from error
        except (BadMusicError, ClipError, ValueError) as error:
            raise HTTPException(422, str(error)) from error

    return api


def _usual_form(length_s: float, bar_s: float) -> tuple[SongPart, ...]:
    """The usual form, stretched to a length, its sections whole bars."""
    total = sum(share for _, share in FORM)
    edges_s = np.cumsum([0, *(share for _, share in FORM)]) / total * length_s
    edges_s = np.append(np.round(edges_s[:-1] / bar_s) * bar_s, length_s)
    return tuple(
        SongPart(section=label, start=float(begin_s), end=float(end_s), confidence=0.0)
        for (label, _), begin_s, end_s in zip(FORM, edges_s, edges_s[1:], strict=False)
        if end_s > begin_s
    )


def _usual_period(beats: list[Beat]) -> float:
    return float(np.median(np.diff([beat.time_s for beat in beats])))


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
