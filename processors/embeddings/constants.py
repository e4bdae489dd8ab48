"""Sizes that training and use share; the rest follows from them."""

from __future__ import annotations

WINDOW_NOTES = 24
"""Notes in a window: about 2 s of piano music. Counted in notes, so that tempo never enters."""
HOP_NOTES = 8
"""Notes from one window of a work to the next."""
MIN_NOTES = 6
"""A window of fewer notes is not embedded."""
DIMENSION = 64
"""Components of a vector."""

REACH_SEMITONES = 30
"""A note sees notes of its window up to so many semitones above and below itself."""
GAP_EDGES = (0.012, 0.04, 0.08, 0.14, 0.22, 0.35)
"""Limits between classes of time from one note to another, in windows (a window is ``WINDOW_NOTES`` mean gaps long)."""
SLOTS = 16
"""Steps into which a window's time is divided once every note knows its surroundings."""
