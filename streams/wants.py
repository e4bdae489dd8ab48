"""What a clip may want, and which agents give it."""

from __future__ import annotations

IDENTIFY = "identify"
INSTRUMENTS = "instruments"

ELSEWHERE = frozenset({INSTRUMENTS})
"""What is answered on another topic than ``matches``; a clip that wants nothing else is none of the clips agent's."""
