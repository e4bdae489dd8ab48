"""Makes errors up: the same seed and style always give the same ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from schemas.rhythm import Severity

from .styles import Style

NUMBER_MAX = 9_999


@dataclass(frozen=True, slots=True)
class MadeUp:
    """One error."""

    code: str
    severity: Severity
    message: str
    component: str | None
    location: str | None
    governing_body: str | None


def make_up(style: Style, seed: str, *, beat: int, section: str, tempo_bpm: float) -> list[MadeUp]:
    """The errors of one trigger: one, or a burst of several.

    Args:
        style: what they are made of.
        seed: chooses; the key of the trigger.
        beat, section, tempo_bpm: what the music is doing.
    """
    chance = random.Random(seed)
    return [_one(style, chance, beat, section, tempo_bpm) for _ in range(chance.randint(*style.burst))]


def _one(style: Style, chance: random.Random, beat: int, section: str, tempo_bpm: float) -> MadeUp:
    component = _any(chance, style.components)
    location = _any(chance, style.locations)
    body = _any(chance, style.bodies)
    code, severity = chance.choice(style.codes), chance.choice(style.severities)
    message = chance.choice(style.messages).format(
        component=component,
        location=location,
        body=body,
        section=section,
        beat=beat,
        tempo=round(tempo_bpm),
        number=chance.randint(2, NUMBER_MAX),
    )
    return MadeUp(code, severity, message[:1].upper() + message[1:], component, location, body)


def _any(chance: random.Random, texts: Sequence[str]) -> str | None:
    return chance.choice(texts) if texts else None
