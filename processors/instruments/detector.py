"""Which instruments are heard in a clip: as a whole, and second by second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.audio import Sound

from .clip import PreparedClip, prepare
from .constants import FRAME, SAMPLE_RATE, STEP_FRAMES, STEPS
from .labels import LABELS
from .network import MODEL, InstrumentNetwork

NEVER = -12.0
"""The logit of what cannot be heard, as there is silence."""
SHARPNESS = 0.5
"""How much more a clip's answer follows the windows that are sure than the mean of all: see ``_whole``."""


@dataclass(frozen=True, slots=True)
class Instrument:
    """A label of ``LABELS`` and how probable it is, 0-1."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Instruments:
    """What is heard in a clip.

    Attributes:
        probability: float32, one a label in the order of ``LABELS``: that it is heard anywhere in the clip.
        by_second: float32 of shape (seconds, labels): the same of each second; the last may be shorter.
        duration_s: length of the clip.
    """

    probability: NDArray[np.float32]
    by_second: NDArray[np.float32]
    duration_s: float

    def of_second(self, label: str) -> NDArray[np.float32]:
        """The probability of a label in each second, float32."""
        return self.by_second[:, LABELS.index(label)]

    def ranked(self, least: float = 0.0) -> tuple[Instrument, ...]:
        """The labels of at least a probability, most probable first."""
        order = np.argsort(-self.probability, kind="stable")
        return tuple(Instrument(LABELS[k], float(self.probability[k])) for k in order if self.probability[k] >= least)


class InstrumentDetector:
    """Finds instruments in sound; safe to use from many threads.

    Attributes:
        version: of the network, for results to name what made them.
    """

    def __init__(self, model: Path = MODEL, threads: int = 1) -> None:
        self._network = InstrumentNetwork(model, threads)
        self.version = self._network.version

    def warm_up(self) -> None:
        """Run everything once, so that no first clip pays for it."""
        noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
        self.detect(noise, SAMPLE_RATE)

    def detect(self, samples: NDArray[np.floating], sample_rate_hz: int) -> Instruments:
        """The instruments of one clip; arguments and errors as ``prepare``."""
        return self.judge([prepare(samples, sample_rate_hz)])[0]

    def detect_many(self, sounds: Sequence[Sound]) -> list[Instruments]:
        """The same of many clips in shared batches; the answers are those of the clips one by one.

        Raises:
            BadMusicError: as ``prepare``, for any of them.
        """
        return self.judge([prepare(sound.samples, sound.rate_hz) for sound in sounds])

    def judge(self, clips: Sequence[PreparedClip]) -> list[Instruments]:
        """The instruments of clips that ``prepare`` made, in shared batches."""
        if not clips:
            return []
        window, steps = self._network.run(np.concatenate([clip.levels for clip in clips]))
        edges = np.cumsum([len(clip.levels) for clip in clips])[:-1]
        parts = zip(clips, np.split(window, edges), np.split(steps, edges), strict=True)
        return [Instruments(_whole(w), _by_second(clip, s), clip.duration_s) for clip, w, s in parts]


def _whole(window: NDArray[np.float32]) -> NDArray[np.float32]:
    """Windows to a clip: a mean of their logits in which those that are sure count more."""
    if not len(window):
        return np.zeros(len(LABELS), np.float32)
    weight = np.exp(SHARPNESS * (window - window.max(axis=0)))
    return _probability((weight * window).sum(axis=0) / weight.sum(axis=0))


def _by_second(clip: PreparedClip, steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each second's most probable steps; where windows overlap, their mean."""
    count = max(int(np.ceil(clip.duration_s)), 1)
    total = np.zeros((count, len(LABELS)), np.float64)
    seen = np.zeros((count, 1))
    step_s = STEP_FRAMES * FRAME / SAMPLE_RATE
    for start, logits in zip(clip.starts, steps, strict=True):
        second = ((start / SAMPLE_RATE) + (np.arange(STEPS) + 0.5) * step_s).astype(np.int64)
        for k in np.unique(second[second < count]):
            total[k] += logits[second == k].max(axis=0)
            seen[k] += 1
    return _probability(np.where(seen > 0, total / np.maximum(seen, 1), NEVER).astype(np.float32))


def _probability(logit: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0))), np.float32)
