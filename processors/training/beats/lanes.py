"""Endless performances side by side, so that a network's state is carried through whole pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.beats.features import FEATURES
from processors.beats.frames import frames_of

from .performance import beat_context, label_frames, perform_work
from .works import BeatWork

PERIODS = 40
"""Classes of the beat's length, in equal steps of the logarithm."""
SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 0.15, 3.0
BARS = 8
LONGEST_VISIT = 1500
"""Frames of one piece before the next."""
RESTARTS = 0.06
"""Share of lanes whose piece is broken off at a batch's start, so that the network starts from nothing there."""
FROM_THE_START = 0.6
"""Share of pieces that are heard from their start."""


@dataclass(slots=True, eq=False)
class Examples:
    """Frames of one or many performances; arrays over frames first, or lanes first when batched.

    Attributes:
        features: float32 [..., FEATURES].
        target, weight: float32 [..., 2], beat and downbeat.
        period: int64 [...], the class of the beat's length; -1 where there is none.
        bar: int64 [...], beats in the bar, up to BARS - 1; 0 where it is not known.
        first: bool [...], whether a piece begins here.
    """

    features: NDArray[np.float32]
    target: NDArray[np.float32]
    weight: NDArray[np.float32]
    period: NDArray[np.int64]
    bar: NDArray[np.int64]
    first: NDArray[np.bool_]

    def part(self, start: int, stop: int) -> Examples:
        """Frames start to stop."""
        cut = slice(start, stop)
        return Examples(
            self.features[cut], self.target[cut], self.weight[cut], self.period[cut], self.bar[cut], self.first[cut]
        )

    def reversed(self) -> Examples:
        """The last frame first."""
        first = np.zeros_like(self.first)
        first[:1] = True
        back = slice(None, None, -1)
        return Examples(
            self.features[back], self.target[back], self.weight[back], self.period[back], self.bar[back], first
        )

    def __len__(self) -> int:
        return len(self.features)


def examples_of(work: BeatWork, rng: np.random.Generator) -> Examples:
    """One performance of a work."""
    played = perform_work(work, rng)
    time_s, features = frames_of(played.notes)
    target, weight = label_frames(time_s, played.beat_s, played.position)
    length, bar = beat_context(time_s, played.beat_s, played.position)
    step = (PERIODS - 1) / np.log(LONGEST_PERIOD_S / SHORTEST_PERIOD_S)
    place = np.round(np.log(np.maximum(length, SHORTEST_PERIOD_S) / SHORTEST_PERIOD_S) * step).astype(np.int64)
    period = np.where(length > 0, np.minimum(place, PERIODS - 1), -1)
    first = np.zeros(len(time_s), np.bool_)
    if len(first):
        first[0] = True
    return Examples(features, target, weight, period, np.clip(bar, 0, BARS - 1), first)


class Lanes:
    """Batches of consecutive frames: each lane plays piece after piece, or each of them ``backwards``."""

    def __init__(
        self,
        works: Sequence[BeatWork],
        share: NDArray[np.float64],
        lanes: int,
        seed: int,
        backwards: bool = False,
    ) -> None:
        self._works = works
        self._backwards = backwards
        self._share = share / share.sum()
        self._rng = np.random.default_rng(seed)
        self._left = [self._piece() for _ in range(lanes)]

    def batch(self, frames: int) -> Examples:
        """The next ``frames`` of every lane, frames first: features float32 [frames, lanes, FEATURES] and so on."""
        count = len(self._left)
        out = Examples(
            np.zeros((frames, count, FEATURES), np.float32),
            np.zeros((frames, count, 2), np.float32),
            np.zeros((frames, count, 2), np.float32),
            np.zeros((frames, count), np.int64),
            np.zeros((frames, count), np.int64),
            np.zeros((frames, count), np.bool_),
        )
        for lane in range(count):
            at = 0
            if self._rng.random() < RESTARTS:
                self._left[lane] = self._piece()
            while at < frames:
                piece = self._left[lane]
                take = min(frames - at, len(piece))
                for whole, part in (
                    (out.features, piece.features),
                    (out.target, piece.target),
                    (out.weight, piece.weight),
                    (out.period, piece.period),
                    (out.bar, piece.bar),
                    (out.first, piece.first),
                ):
                    whole[at : at + take, lane] = part[:take]
                self._left[lane] = piece.part(take, len(piece)) if take < len(piece) else self._piece()
                at += take
        return out

    def _piece(self) -> Examples:
        while True:
            work = self._works[int(self._rng.choice(len(self._works), p=self._share))]
            piece = examples_of(work, self._rng)
            if self._backwards:
                piece = piece.reversed()
            if len(piece) < 16:
                continue
            if len(piece) > LONGEST_VISIT:
                start = 0
                if self._rng.random() > FROM_THE_START:
                    start = int(self._rng.integers(0, len(piece) - LONGEST_VISIT))
                piece = piece.part(start, start + LONGEST_VISIT)
                piece.first[0] = True
            return piece
