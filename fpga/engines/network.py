"""An engine as a beat network: features in, activations out; its states are codes in floats."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas.rhythm import Engine as EngineName

from .engine import Engine, activations_of, feature_codes


class EngineNetwork:
    """Takes the place of ``processors.beats.BeatNetwork``; one thread at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.engine: EngineName = engine.name
        self.version = engine.version
        self.state_size = engine.state_size

    def initial_state(self, sources: int = 1) -> NDArray[np.float32]:
        """The states before the first frame, float32 [sources, state_size]."""
        return np.zeros((sources, self.state_size), np.float32)

    def step(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See ``processors.beats.StepNetwork``.

        Raises:
            EngineError: the engine does not answer.
        """
        logits, after = self._engine.step(feature_codes(features), state.astype(np.int16))
        self.engine = self._engine.name
        return activations_of(logits), after.astype(np.float32)
