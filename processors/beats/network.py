"""The beat network in ONNX Runtime: a frame in, activations out, the state between them in the caller's hands."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model
from schemas.rhythm import Engine

from .features import FEATURES

MODEL = Path(__file__).with_name("beats.onnx")
BACKWARDS = Path(__file__).with_name("beats_backwards.onnx")
"""Hears pieces from their end; together with the other it hears whole files."""
LEAST_BATCH = 4
"""Smaller batches are filled up: a matrix product of one row is computed in another order, with other last bits."""


class StepNetwork(Protocol):
    """A beat network, whatever runs it: a frame and the state before it in, activations and the state after it out.

    Attributes:
        engine: what ran the latest step.
        version: names the weights.
    """

    engine: Engine
    version: str

    def initial_state(self, sources: int = 1) -> NDArray[np.float32]:
        """The states before the first frame, float32 [sources, state_size]."""
        ...

    def step(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One frame of each of some sources; see ``BeatNetwork.step``."""
        ...


class BeatNetwork:
    """The network; safe to use from many threads.

    Attributes:
        engine: what runs it.
        version: names the weights.
        state_size: numbers a source's state has.
    """

    engine: Engine = "onnx"

    def __init__(self, model: Path = MODEL, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The CPU is the worker's, not this model's alone: an idle thread must sleep.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        data = read_model(model)
        self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        self.version = f"beats-{hashlib.sha256(data).hexdigest()[:8]}"
        self.state_size = int(self._session.get_inputs()[1].shape[1])

    def initial_state(self, sources: int = 1) -> NDArray[np.float32]:
        """The states before the first frame, float32 [sources, state_size]."""
        return np.zeros((sources, self.state_size), np.float32)

    def step(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One frame of each of some sources; a source's answer does not depend on who else is in the batch.

        Args:
            features: float32 [sources, FEATURES].
            state: float32 [sources, state_size], from the step before.

        Returns:
            activations in [0, 1], float32 [sources, 2]: beat and downbeat; and the next state.
        """
        count = len(features)
        if count < LEAST_BATCH:
            features = np.concatenate((features, np.zeros((LEAST_BATCH - count, FEATURES), np.float32)))
            state = np.concatenate((state, np.zeros((LEAST_BATCH - count, self.state_size), np.float32)))
        activation, after = self._session.run(None, {"features": features, "state": state})
        return activation[:count], after[:count]

    def run(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """A whole piece: float32 [frames, FEATURES] to activations, float32 [frames, 2]."""
        state = self.initial_state()
        activations = np.empty((len(features), 2), np.float32)
        for frame in range(len(features)):
            activations[frame], state = self.step(features[frame : frame + 1], state)
        return activations
