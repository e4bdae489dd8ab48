"""Sections: what they are called and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Label: TypeAlias = Literal["intro", "verse", "chorus", "bridge", "outro", "other"]
LABELS: tuple[Label, ...] = ("intro", "verse", "chorus", "bridge", "outro", "other")
OTHER = LABELS.index("other")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of music with one function.

    Attributes:
        label: what it is.
        start_s, end_s: seconds on the music's own clock, half open.
        confidence: how probable the label is, 0-1.
    """

    label: Label
    start_s: float
    end_s: float
    confidence: float
