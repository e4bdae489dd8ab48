"""The onset network in ONNX Runtime: features in, activations out, state kept between pieces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model

from .constants import BINS, PITCHES

MODEL = Path(__file__).with_name("onsets.onnx")
State = list[NDArray[np.float32]]


class OnsetNetwork:
    """The network; safe to use from many threads, each with its own state.

    Attributes:
        delay: activations come so many steps behind the features.
        threshold: the activation from which an onset is believed, as chosen in training.
    """

    def __init__(self, model: Path = MODEL, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The CPU is the worker's, not this model's alone: an idle thread must sleep.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(read_model(model), options, providers=["CPUExecutionProvider"])
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.delay = int(metadata["delay_steps"])
        self.threshold = float(metadata["threshold"])
        states = [argument for argument in self._session.get_inputs() if argument.name != "features"]
        self._state_shapes = {argument.name: tuple(argument.shape) for argument in states}

    def initial_state(self) -> State:
        """The state at the start of a stream."""
        return [np.zeros(shape, np.float32) for shape in self._state_shapes.values()]

    def run(self, features: NDArray[np.float32], state: State) -> tuple[NDArray[np.float32], State]:
        """One piece.

        Args:
            features: (steps, 4, BINS); steps may differ from call to call.
            state: of the piece before.

        Returns:
            activations in [0, 1], (2 * steps, PITCHES), ``delay`` steps behind, and the next state.
        """
        if not len(features):
            return np.zeros((0, PITCHES), np.float32), state
        inputs = {"features": features.reshape(1, -1, 4, BINS), **dict(zip(self._state_shapes, state, strict=True))}
        activation, *after = self._session.run(None, inputs)
        return activation[0], after
