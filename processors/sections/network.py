"""The shipped networks in ONNX Runtime."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model

WHOLE = Path(__file__).with_name("whole.onnx")
LIVE = Path(__file__).with_name("live.onnx")


class WholeNetwork:
    """Reads a whole piece; safe to use from many threads."""

    def __init__(self, model: Path = WHOLE) -> None:
        self._session = _session(model, keeps_memory=False)

    @staticmethod
    @cache
    def shipped() -> WholeNetwork:
        """The one that comes with the package, loaded once."""
        return WholeNetwork()

    def run(
        self, features: NDArray[np.float32], around: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Judge every step.

        Args:
            features: float32 [steps, WHOLE].
            around: float32 [steps, steps], likeness of surroundings.

        Returns:
            float64 [steps], logit that a section starts there; float64 [steps, labels], log probabilities.
        """
        (logits,) = self._session.run(None, {"features": features[None], "around": around[None]})
        return _split(logits[0])


class LiveNetwork:
    """Listens step by step; safe to use from many threads, each with its own state.

    Attributes:
        delay: the boundary logit of a call is that of the step so many steps earlier.
        threshold: the probability from which a boundary is believed, as chosen in training.
        margin: how much more probable another label must be to replace the present one.
    """

    def __init__(self, model: Path = LIVE) -> None:
        self._session = _session(model)
        metadata = self._session.get_modelmeta().custom_metadata_map
        self.delay = int(metadata["delay_steps"])
        self.threshold = float(metadata["threshold"])
        self.margin = float(metadata["margin"])
        self.version = str(metadata["version"])
        self._width = next(int(i.shape[2]) for i in self._session.get_inputs() if i.name == "state")

    @staticmethod
    @cache
    def shipped() -> LiveNetwork:
        """The one that comes with the package, loaded once."""
        return LiveNetwork()

    def initial_state(self) -> NDArray[np.float32]:
        """The state before the first step."""
        return np.zeros((1, 1, self._width), np.float32)

    def run(
        self, features: NDArray[np.float32], state: NDArray[np.float32]
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float32]]:
        """One step.

        Args:
            features: float32 [LIVE].
            state: of the step before.

        Returns:
            probability of a boundary ``delay`` steps ago, float64 [labels] probabilities, and the next state.
        """
        logits, after = self._session.run(None, {"features": features[None, None], "state": state})
        boundary, label = _split(logits[0])
        return float(1.0 / (1.0 + np.exp(-boundary[0]))), np.exp(label[0]), after


def _session(model: Path, keeps_memory: bool = True) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # by itself it keeps for ever what the longest piece took, some 70 MB
    options.enable_cpu_mem_arena = keeps_memory
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(read_model(model), options, providers=["CPUExecutionProvider"])


def _split(logits: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    label = logits[:, 1:].astype(np.float64)
    return logits[:, 0].astype(np.float64), label - np.logaddexp.reduce(label, axis=1, keepdims=True)
