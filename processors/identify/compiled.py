"""Numba with one setting for all kernels: cached on disk, without the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar, cast

import numba

Int: TypeAlias = Any
"""An integer within a kernel: Python's or one of NumPy's; the compiler knows which."""

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile ``function`` on first use; other Python threads run while it computes."""
    return cast(F, numba.njit(cache=True, nogil=True)(function))
