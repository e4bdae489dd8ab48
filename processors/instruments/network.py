"""The instrument network in ONNX Runtime: levels of windows in, probabilities out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model

from .constants import STEPS
from .labels import LABELS

MODEL = Path(__file__).with_name("instruments.onnx")
BATCH = 16
"""The most windows that are computed at once: 48 s of sound."""


class InstrumentNetwork:
    """The network; safe to use from many threads.

    Attributes:
        version: name and the first digits of the checksum of the weights.
    """

    def __init__(self, model: Path = MODEL, threads: int = 1) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The CPU is the worker's, not this model's alone: an idle thread must sleep.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(read_model(model), options, providers=["CPUExecutionProvider"])
        self.version = f"{model.stem}-{hashlib.sha256(model.read_bytes()).hexdigest()[:12]}"

    def run(self, levels: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Judge windows, of one clip or of many.

        Args:
            levels: uint8 (windows, WINDOW_FRAMES, BANDS), as ``spectra.levels`` makes them.

        Returns:
            calibrated logits of each window (windows, labels), and of each of its steps (windows, STEPS, labels).
        """
        if not len(levels):
            return np.zeros((0, len(LABELS)), np.float32), np.zeros((0, STEPS, len(LABELS)), np.float32)
        runs = [
            self._session.run(None, {"levels": levels[first : first + BATCH]}) for first in range(0, len(levels), BATCH)
        ]
        return np.concatenate([run[0] for run in runs]), np.concatenate([run[1] for run in runs])
