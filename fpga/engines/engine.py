"""What every engine does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fpga.formats import FEATURE, LOGIT
from schemas.rhythm import Engine as EngineName

Codes = NDArray[np.int8]
States = NDArray[np.int16]
Logits = NDArray[np.int16]


class EngineError(RuntimeError):
    """An engine cannot be built, or did not answer; the message says why and what to do."""


class Engine(Protocol):
    """Steps of the network in codes; one thread at a time.

    Attributes:
        name: what events say that they were made by.
        version: of the weights.
        state_size: numbers of a source's state.
    """

    name: EngineName
    version: str
    state_size: int

    def step(self, codes: Codes, states: States) -> tuple[Logits, States]:
        """One frame of each of some sources.

        Args:
            codes: int8 [sources, FEATURES], of ``formats.FEATURE``.
            states: int16 [sources, state_size], of ``formats.STATE``.

        Returns:
            int16 [sources, 2], of ``formats.LOGIT``: beat and downbeat; int16 [sources, state_size].

        Raises:
            EngineError: there is no answer.
        """
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


def feature_codes(features: NDArray[np.float32]) -> Codes:
    """Features as all engines read them, int8 of the same shape."""
    return FEATURE.codes(features).astype(np.int8)


def activations_of(logits: Logits) -> NDArray[np.float32]:
    """Logits to activations in (0, 1), float32 of the same shape; the same for all engines."""
    return TABLE[logits.astype(np.int64) - LOGIT.least]


TABLE: NDArray[np.float32] = (
    1.0 / (1.0 + np.exp(-LOGIT.step * np.arange(LOGIT.least, LOGIT.most + 1, dtype=np.float64)))
).astype(np.float32)
"""The activation of each code of a logit."""
