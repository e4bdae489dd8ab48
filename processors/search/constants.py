"""Sizes that training and use of the search share."""

from __future__ import annotations

from typing import Literal

from .concepts import MUSIC

NAME = 96
"""Components of a work's vector that say what it is called, and by whom."""
DIMENSION = MUSIC + NAME
BITS: Literal[4, 8] = 8
"""A component takes in an index of more works than are compared one by one."""
