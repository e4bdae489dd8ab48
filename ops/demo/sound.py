"""The demo's sound: the live work's tune, sung by a synthesised voice, and the instruments that are heard in it."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import numpy as np
import soundfile
from rich.text import Text

from processors.notes import Notes
from processors.onsets.constants import SAMPLE_RATE
from processors.training.onsets.synthesis import random_singer, synthesise
from processors.training.performances import melody_line, transpose
from schemas.events import Event
from schemas.sound import Instrumentation

CLIP = "sung"
LENGTH_S = 8.0
SHOWN = 3
AN_OCTAVE_LOWER = -12


def sung_clip(score: Notes, rng: np.random.Generator) -> bytes:
    """The top line of a score's beginning as a WAV file, sung."""
    tune = transpose(melody_line(score.between(0.0, LENGTH_S)), AN_OCTAVE_LOWER, 1.0)
    out = io.BytesIO()
    soundfile.write(out, synthesise(tune, LENGTH_S, random_singer(rng), rng), SAMPLE_RATE, format="WAV")
    return out.getvalue()


@dataclass(slots=True)
class SoundView:
    """What is heard in the sound."""

    heard: Instrumentation | None = None
    asked: bool = field(default=False)

    @property
    def waits(self) -> bool:
        """Whether the sound was published and is not answered yet."""
        return self.asked and self.heard is None

    def take(self, event: Event) -> bool:
        """Take in an event; says whether it tells of instruments."""
        if isinstance(event, Instrumentation):
            self.heard = event
            return True
        return False

    @property
    def told(self) -> list[dict[str, object]]:
        """The likeliest labels, for the account."""
        if self.heard is None:
            return []
        return [{"label": one.label, "probability": one.probability} for one in self.heard.instruments[:SHOWN]]

    def line(self) -> Text:
        """One line for people."""
        if self.heard is None:
            return Text("instruments of the sung tune: not told yet", style="dim")
        told = ", ".join(f"{one.label} {one.probability:.0%}" for one in self.heard.instruments[:SHOWN])
        return Text(f"instruments of the sung tune: {told or self.heard.status} ({self.heard.latency_ms:.0f} ms)")
