"""What requests and answers say of a song."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.rhythm import SectionLabel

PARTS_MAX = 500
DURATION_MAX_S = 36_000.0

Tempo = Annotated[float, Field(ge=20.0, le=400.0, description="Beats a minute.")]
Name = Annotated[str, Field(max_length=300)]


class SongPart(BaseModel):
    """One section of a song."""

    section: SectionLabel
    start: float = Field(ge=0.0, le=DURATION_MAX_S, description="Seconds.")
    end: float = Field(ge=0.0, le=DURATION_MAX_S, description="Seconds.")
    confidence: float = Field(1.0, ge=0.0, le=1.0)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a section ends after it begins")
        return self


Structure = Annotated[tuple[SongPart, ...], Field(max_length=PARTS_MAX)]


class AudioFeatures(BaseModel):
    """What the caller knows of a song; what else is sent along is ignored."""

    model_config = ConfigDict(extra="ignore")

    tempo: Tempo
    duration_s: float | None = Field(None, gt=0.0, le=DURATION_MAX_S)
    duration_ms: float | None = Field(None, gt=0.0, le=DURATION_MAX_S * 1000.0)
    time_signature: int = Field(4, ge=1, le=16)
    structure: Structure = ()

    @property
    def length_s(self) -> float | None:
        return self.duration_s or (self.duration_ms / 1000.0 if self.duration_ms else None)


class SongRequest(BaseModel):
    """A song by what is known of it. To have it heard, send a file instead."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "Study",
                    "artist": "Nobody",
                    "audio_features": {"tempo": 120.0, "duration_ms": 180000, "time_signature": 4},
                }
            ]
        }
    )

    name: Name
    artist: Name = ""
    audio_features: AudioFeatures | None = None


class SongAnswer(BaseModel):
    """What is known of a song."""

    success: bool = True
    name: str
    artist: str
    tempo: float = Field(description="Beats a minute.")
    beat_interval: float = Field(description="Seconds from one beat to the next.")
    beats_per_bar: int
    duration: float | None = Field(description="Seconds.")
    structure: Structure
    basis: Literal["given", "assumed", "heard"] = Field(
        description="Where the structure is from: the caller, a usual form for want of better, or the music itself."
    )
    work_id: str | None = Field(None, description="The work of the catalogue that it was recognised as.")
