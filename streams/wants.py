"""What a clip may want, and which agents give it."""

from __future__ import annotations

IDENTIFY = "identify"
INSTRUMENTS = "instruments"

ELSEWHERE = frozenset({INSTRUMENTS})
"""What is answered on another topic than ``matches``."""


def not_identified(wants: tuple[str, ...]) -> bool:
    """Whether a clip is none of the clips agent's, for others answer it."""
    return IDENTIFY not in wants and not ELSEWHERE.isdisjoint(wants)
