"""Windows of notes to unit vectors, in ONNX Runtime."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model
from processors.notes import Notes

from .constants import DIMENSION, HOP_NOTES
from .windows import Windows

MODEL = Path(__file__).with_name("notes.onnx")
BATCH = 256
"""Windows that are embedded at once: about 60 MB of intermediate results."""


class NoteEmbedder:
    """Embeds notes of scores, performances and transcriptions into one space; safe to use from many threads.

    Vectors do not change with key or tempo. The inner product of two is their cosine.

    Attributes:
        model: names the network; vectors of different models cannot be compared.
        dimension: components of a vector.
    """

    def __init__(self, model: Path = MODEL, threads: int = 1) -> None:
        content = read_model(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # The CPU is the worker's, not this model's alone: an idle thread must sleep.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        self.dimension = DIMENSION
        self.model = f"{model.stem}-{hashlib.sha256(content).hexdigest()[:12]}"

    def __call__(self, notes: Notes, hop: int = HOP_NOTES) -> NDArray[np.float32]:
        """Unit vectors of the windows of ``notes``, one every ``hop`` notes: float32 [windows, dimension]."""
        return self.embed(Windows.of(notes, hop))

    def embed(self, windows: Windows) -> NDArray[np.float32]:
        """Unit vectors: float32 [windows, dimension]."""
        vectors = np.empty((len(windows), self.dimension), np.float32)
        for start in range(0, len(windows), BATCH):
            part = slice(start, start + BATCH)
            inputs = {"time": windows.time[part], "pitch": windows.pitch[part]}
            (vectors[part],) = self._session.run(None, inputs)
        return vectors
