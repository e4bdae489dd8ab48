"""Sizes that training and use of the search share."""

from __future__ import annotations

from .concepts import MUSIC

NAME = 96
"""Components of a work's vector that say what it is called, and by whom."""
DIMENSION = MUSIC + NAME
