"""What is done to clean clips before they are looked up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .clips import TrueClip
from .performances import Player, disturb, melody_line, transpose

UNTOUCHED = Player(jitter_ms=0.0, dropped=0.0, added=0.0, wrong=0.0)
NOISY = Player(jitter_ms=30.0, dropped=0.3, added=0.3, wrong=0.0, octaves=0.05)
LESS_NOISY = Player(jitter_ms=20.0, dropped=0.2, added=0.2, wrong=0.0, octaves=0.02)
VARIANTS = ("clean", "shifted", "noisy20", "noisy30", "melody")


def vary(clip: TrueClip, variant: str, rng: np.random.Generator) -> TrueClip:
    """A variant of a clip.

    ``clean``: as it is. ``shifted``: up to six semitones and a tempo of 0.5-2. ``noisy20``, ``noisy30``: so many
    percent of the notes dropped, as many added, 20 or 30 ms jitter, 2 or 5 % octave errors. ``melody``: the top line
    only.
    """
    if variant == "shifted":
        semitones = int(rng.integers(-6, 7))
        tempo = float(2.0 ** rng.uniform(-1.0, 1.0))
        return replace(clip, notes=transpose(clip.notes, semitones, tempo), length_s=clip.length_s / tempo)
    if variant == "noisy20":
        return replace(clip, notes=disturb(clip.notes, LESS_NOISY, rng))
    if variant == "noisy30":
        return replace(clip, notes=disturb(clip.notes, NOISY, rng))
    if variant == "melody":
        return replace(clip, notes=melody_line(clip.notes))
    return clip
