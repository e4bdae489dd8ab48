"""The trained networks: texts, names and facts to one space, in ONNX Runtime."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from processors.model_files import read_model

from .concepts import CONCEPTS, MUSIC, VERSION, music_vector
from .constants import DIMENSION
from .example import BESIDE_TEXT, asked_by, clarified
from .facts import Facts
from .text import BATCH, TextEncoder

FOLDER = Path(__file__).parent
NETWORKS = ("query", "name")
HALVES = np.float32(2.0**0.5)
"""A work's vector has two unit vectors as its halves; this is its length before it is made a unit vector itself."""


class SearchModel:
    """Vectors of works and of what is searched for; safe to use from many threads.

    A work's vector has two halves: how its music is made (``MUSIC`` components), and what it is called. A query's
    vector asks for both, as far as its words speak of both. Inner products are scores, at most 1.

    Args:
        cache: a folder for the text encoder's model.

    Attributes:
        name: names the networks; vectors of different models cannot be compared.

    Raises:
        TextEncoderError: the text encoder's weights are missing or damaged.
    """

    def __init__(self, cache: Path) -> None:
        self._encoder = TextEncoder(cache)
        contents = {name: read_model(FOLDER / f"{name}.onnx") for name in NETWORKS}
        self._sessions = {name: _session(content) for name, content in contents.items()}
        made_of = b"".join((*contents.values(), repr((VERSION, CONCEPTS)).encode()))
        self.name = f"search-{hashlib.sha256(made_of).hexdigest()[:12]}"

    def query(self, text: str) -> NDArray[np.float32]:
        """What a text asks for: a unit vector, float32 [DIMENSION]."""
        (vectors,) = self._sessions["query"].run(None, {"text": self._encoder([text]).pooled})
        vector: NDArray[np.float32] = vectors[0]
        return vector

    def music(self, facts: Facts) -> NDArray[np.float32]:
        """What music asks for, of which nothing but its notes may be known: a unit vector, float32 [DIMENSION]."""
        return _nameless(asked_by(music_vector(facts)))

    def more_like(self, work: NDArray[np.float32]) -> NDArray[np.float32]:
        """What a work's music asks for, whatever it is called: a unit vector, float32 [DIMENSION].

        Args:
            work: its vector, of ``works``.
        """
        return _nameless(asked_by(work[:MUSIC] * HALVES))

    def both(self, text: str, facts: Facts, alpha: float) -> NDArray[np.float32]:
        """What a text asks for together with an example, float32 [DIMENSION].

        Args:
            alpha: the weight of the text, 0 to 1.
        """
        music = music_vector(facts)
        asked = np.float32((1.0 - alpha) * BESIDE_TEXT) * _nameless(asked_by(music))
        return np.float32(alpha) * clarified(self.query(text), music, alpha) + asked

    def works(self, facts: Sequence[Facts], names: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors of works by their facts and ``name_text``: float32 [works, DIMENSION]."""
        vectors = np.zeros((len(facts), DIMENSION), np.float32)
        for start in range(0, len(facts), BATCH):
            rows = slice(start, start + BATCH)
            vectors[rows, :MUSIC] = [music_vector(one) for one in facts[rows]]
            means = self._encoder(names[rows]).mean
            (vectors[rows, MUSIC:],) = self._sessions["name"].run(None, {"mean": means})
        return vectors / HALVES


def _nameless(music: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate((music, np.zeros(DIMENSION - MUSIC, np.float32)))


def name_text(composer: str, title: str) -> str:
    """How a work is named to the text encoder."""
    return f"{composer}: {title}" if composer else title


def _session(content: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
