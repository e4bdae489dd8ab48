"""Calls into compiled engines."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np

from .engine import Codes, Logits, States

_ARRAYS = [np.ctypeslib.ndpointer(kind, flags="C_CONTIGUOUS") for kind in (np.int8, np.int16, np.int16, np.int16)]


def load(path: Path, *, opened: bool) -> ctypes.CDLL:
    """A library with the function ``beat_step``, which reads a pointer first if it is ``opened``."""
    library = ctypes.CDLL(str(path))
    library.beat_step.argtypes = [*([ctypes.c_void_p] if opened else []), ctypes.c_int32, *_ARRAYS]
    library.beat_step.restype = None
    return library


def call(function: Any, first: tuple[Any, ...], codes: Codes, states: States) -> tuple[Logits, States]:
    """Logits and states after one frame of each source; see ``Engine.step``."""
    logits = np.empty((len(codes), 2), np.int16)
    after = np.empty(states.shape, np.int16)
    function(
        *first,
        len(codes),
        np.ascontiguousarray(codes, np.int8),
        np.ascontiguousarray(states, np.int16),
        logits,
        after,
    )
    return logits, after
