"""Stems to examples: several together, in rooms, equalised, under noise; all in the mel domain, where it costs little.

Powers of different instruments add up; a room smears power over time; an equaliser and a limited bandwidth move levels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from processors.instruments.constants import (
    BANDS,
    FRAME,
    HIGHEST_HZ,
    LOWEST_HZ,
    SAMPLE_RATE,
    STEP_FRAMES,
    WINDOW_FRAMES,
)
from processors.instruments.labels import LABELS
from processors.instruments.spectra import levels

from .pool import LEVEL_STEP_DB, LOWEST_DB, STEM_FRAMES

Power = NDArray[np.float32]
TOGETHER = (0.4, 0.22, 0.16, 0.12, 0.1)
"""Shares of examples with one, two, ... stems."""
SAME_PASSAGE = 0.5
AUDIBLE_DB = 30.0
"""A stem is heard where it lies at most so far below the loudest of the mix in some band of that step."""
NOISE_ALONE = 0.02


@dataclass(frozen=True, slots=True)
class Pool:
    """Stems in memory: levels in bytes (stems, STEM_FRAMES, BANDS), labels (stems, labels), groups, sources."""

    level: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    group: NDArray[np.int64]
    source: NDArray[np.str_]

    @classmethod
    def read(cls, folder: Path) -> Pool:
        """All shards of a folder; groups of different shards keep apart."""
        shards = [np.load(path) for path in sorted(folder.glob("*.npz"))]
        if not shards:
            raise FileNotFoundError(
                f"There are no shards in {folder}; make some with processors.training.instruments.pool."
            )
        seeds = [int(path.name.split("-")[0]) for path in sorted(folder.glob("*.npz"))]
        return cls(
            np.concatenate([shard["level"] for shard in shards]),
            np.concatenate([shard["truth"] for shard in shards]),
            np.concatenate([shard["group"] + (seed << 32) for shard, seed in zip(shards, seeds, strict=True)]),
            np.concatenate([shard["source"] for shard in shards]),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples.

    Attributes:
        levels: uint8 (examples, frames, BANDS).
        heard: float32 (examples, labels), what is heard in the window.
        heard_steps: float32 (examples, steps, labels), in each step.
    """

    levels: NDArray[np.uint8]
    heard: NDArray[np.float32]
    heard_steps: NDArray[np.float32]


class Mixer:
    """Makes examples of a pool, of so many ``frames``: a multiple of ``STEP_FRAMES``."""

    def __init__(self, pool: Pool, rng: np.random.Generator, frames: int = WINDOW_FRAMES) -> None:
        self._pool = pool
        self._rng = rng
        self._frames = frames
        order = np.argsort(pool.group, kind="stable")
        starts = np.flatnonzero(np.diff(pool.group[order], prepend=-1))
        self._groups = [group for group in np.split(order, starts[1:]) if len(group) > 1]
        count = np.maximum(pool.truth.sum(axis=0), 1)
        rarity = np.where(pool.truth.any(axis=1), (pool.truth / count).max(axis=1), 1.0 / len(pool.truth))
        # recorded notes are nearest to what is to be told
        self._weight = np.cumsum(rarity * np.where(pool.source == "recorded", 1.5, 1.0))
        self._weight /= self._weight[-1]

    def batches(self, size: int) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            examples = [self._example() for _ in range(size)]
            yield Batch(
                levels(np.stack([power for power, _ in examples])),
                np.stack([steps.max(axis=0) for _, steps in examples]),
                np.stack([steps for _, steps in examples]),
            )

    def _example(self) -> tuple[Power, NDArray[np.float32]]:
        rng = self._rng
        heard = np.zeros((self._frames // STEP_FRAMES, len(LABELS)), np.float32)
        if rng.random() < NOISE_ALONE:
            return noise_power(self._frames, rng), heard
        stems = [self._stem(number) for number in self._together()]
        mix = np.sum(stems_power := [power for power, _ in stems], axis=0)
        loudest = _by_step(mix)
        for power, truth in zip(stems_power, [truth for _, truth in stems], strict=True):
            audible = (_by_step(power) > loudest * 10.0 ** (-AUDIBLE_DB / 10.0)) & (
                _by_step(power) > mix.max() * 10.0 ** (-(AUDIBLE_DB + 20.0) / 10.0)
            )
            heard[np.ix_(np.flatnonzero(audible), np.flatnonzero(truth))] = 1.0
        return spoil(np.asarray(mix, np.float32), rng), heard

    def _together(self) -> list[int]:
        rng = self._rng
        count = 1 + int(rng.choice(len(TOGETHER), p=TOGETHER))
        if count > 1 and rng.random() < SAME_PASSAGE:
            group = self._groups[int(rng.integers(len(self._groups)))]
            return [int(number) for number in rng.permutation(group)[:count]]
        return [int(np.searchsorted(self._weight, rng.random())) for _ in range(count)]

    def _stem(self, number: int) -> tuple[Power, NDArray[np.bool_]]:
        rng = self._rng
        start = int(rng.integers(0, STEM_FRAMES - self._frames + 1))
        level_db = self._pool.level[number, start : start + self._frames] * LEVEL_STEP_DB + LOWEST_DB
        gain_db = rng.uniform(-15.0, 0.0)
        power = 10.0 ** ((level_db + gain_db + equaliser_db(rng, 0.6)) / 10.0)
        if rng.random() < 0.25:  # the note is all that is heard, and ends early
            power[int(rng.integers(16, self._frames)) :] *= 1e-9
        return np.asarray(power, np.float32), self._pool.truth[number]


def spoil(power: Power, rng: np.random.Generator) -> Power:
    """What lies between the instruments and the listener."""
    if rng.random() < 0.6:
        power = in_room(power, rng)
    power = power * np.float32(10.0) ** (equaliser_db(rng, 1.0) / np.float32(10.0))
    if rng.random() < 0.6:
        noise = noise_power(len(power), rng)
        ratio_db = rng.uniform(5.0, 60.0)
        power = power + noise * (power.mean() / noise.mean() * np.float32(10.0 ** (-ratio_db / 10.0)))
    if rng.random() < 0.35:
        power = power * band_limit(rng)
    power = power * masked(rng)
    return np.asarray(power, np.float32)


def equaliser_db(rng: np.random.Generator, strength: float) -> NDArray[np.float32]:
    """A smooth curve over the bands: a slope, and bumps and dips of any width."""
    x = np.linspace(-1.0, 1.0, BANDS)
    curve = rng.normal(0.0, 5.0) * x
    for _ in range(int(rng.integers(0, 5))):
        curve += rng.normal(0.0, 5.0) * np.exp(-0.5 * ((x - rng.uniform(-1.0, 1.0)) / rng.uniform(0.04, 0.5)) ** 2)
    return np.asarray(strength * curve, np.float32)


def in_room(power: Power, rng: np.random.Generator) -> Power:
    """Late reverberation: power that dies away over time, faster in high bands; and a few echoes."""
    decay_s = np.exp(rng.uniform(np.log(0.15), np.log(2.5))) * np.linspace(1.0, rng.uniform(0.3, 0.9), BANDS)
    keep = np.exp(-13.8 * FRAME / SAMPLE_RATE / decay_s)
    share = 10.0 ** (rng.uniform(-20.0, 0.0) / 10.0)
    late = np.empty_like(power)
    for first in range(0, BANDS, 16):  # one decay for neighbouring bands
        a = float(keep[first])
        late[:, first : first + 16] = scipy.signal.lfilter(
            [0.0, 1.0 - a], [1.0, -a], power[:, first : first + 16], axis=0
        )
    return np.asarray(power + share * late / (1.0 - share * 0.5), np.float32)


def noise_power(frames: int, rng: np.random.Generator) -> Power:
    """Coloured noise, steady or in gusts; sometimes with hum."""
    colour_db = equaliser_db(rng, 1.5) - np.linspace(0.0, rng.uniform(0.0, 40.0), BANDS, dtype=np.float32)
    noise = rng.exponential(1.0, (frames, BANDS)).astype(np.float32) * 10.0 ** (colour_db / 10.0)
    if rng.random() < 0.3:
        knots = rng.uniform(0.02, 1.0, 8)
        noise *= np.interp(np.arange(frames), np.linspace(0, frames, 8), knots)[:, None] ** 2
    if rng.random() < 0.15:
        noise[:, : int(rng.integers(1, 4))] += noise.mean() * rng.uniform(1.0, 30.0)
    return np.asarray(noise, np.float32)


def band_limit(rng: np.random.Generator) -> NDArray[np.float32]:
    """Old recordings, telephones, low rates and low bit rates: nothing above, and perhaps little below, some band."""
    hz = 700.0 * (np.exp(np.linspace(np.log1p(LOWEST_HZ / 700.0), np.log1p(HIGHEST_HZ / 700.0), BANDS)) - 1.0)
    gain_db = -rng.uniform(12.0, 70.0) * np.clip(np.log2(hz / rng.uniform(2500.0, 10_000.0)) * 3.0, 0.0, 1.0)
    if rng.random() < 0.3:
        gain_db -= rng.uniform(6.0, 24.0) * np.clip(np.log2(rng.uniform(60.0, 300.0) / hz), 0.0, 2.0)
    return np.asarray(10.0 ** (gain_db / 10.0), np.float32)


def masked(rng: np.random.Generator) -> NDArray[np.float32]:
    """Now and then a strip of bands is missing, so that no instrument is known by one band alone."""
    mask = np.ones(BANDS, np.float32)
    if rng.random() < 0.3:
        start = int(rng.integers(0, BANDS - 4))
        mask[start : start + int(rng.integers(2, 14))] = 1e-6
    return mask


def _by_step(power: Power) -> NDArray[np.float32]:
    """The loudest band of each step."""
    return np.asarray(power.reshape(-1, STEP_FRAMES, BANDS).mean(axis=1).max(axis=1), np.float32)
