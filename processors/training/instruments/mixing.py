"""Stems to examples: several together, in rooms, equalised, under noise; all in the mel domain, where it costs little.

Powers of different instruments add up; a room smears power over time; an equaliser and a limited bandwidth move levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
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

from .pool import HYBRID, LEVEL_STEP_DB, LOWEST_DB, STEM_FRAMES
from .wavetable import SMALL_FONT

Power = NDArray[np.float32]
TOGETHER = (0.32, 0.2, 0.18, 0.17, 0.13)
"""Shares of examples with one, two, ... stems."""
ALONE = (1.0,)
SAME_PASSAGE = 0.6
FEW, FONT, NEARER, HYBRIDS = 0.5, 1.0, 2.0, 6.0
"""How often a source of few notes is heard of a label, a SoundFont, a library of recorded notes or a model, which is
another each time, and all hybrids of two SoundFonts."""
FEW_NOTES = (SMALL_FONT, "recorded/tamtam/")
AUDIBLE = 1e-3
"""A stem is heard where its loudest band has at least this share of the power of the mix's loudest in that step, ..."""
MUCH_LOUDER = 1e-2
"""... and so much less of the power that the mix has at any time."""
POWER_OF_LEVEL = (10.0 ** ((np.arange(256) * LEVEL_STEP_DB + LOWEST_DB) / 10.0)).astype(np.float32)
PLACE = np.linspace(-1.0, 1.0, BANDS)
"""Of each band, from the lowest to the highest."""
MELS = np.linspace(np.log1p(LOWEST_HZ / 700.0), np.log1p(HIGHEST_HZ / 700.0), BANDS)
BAND_HZ = 700.0 * np.expm1(MELS)
NOISE_ALONE = 0.02
SPEED = 0.2
"""Stems are played up to so much faster or slower, as a logarithm."""
TRANSPOSED, SEMITONES = 0.6, 2.0
"""Share of stems that sound higher or lower, as a smaller or larger instrument of the kind, and by up to how much."""
TRIES, HEARD = 4, int((-50.0 - LOWEST_DB) / LEVEL_STEP_DB)
"""A part of a stem is looked for that is not silent."""
SILENT = 1e-7
"""Power below which a stem is not heard whatever else is."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Stems in memory: levels in bytes (stems, STEM_FRAMES, BANDS), labels (stems, labels), groups, sources."""

    level: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    group: NDArray[np.int64]
    source: NDArray[np.str_]

    @classmethod
    def read(cls, folders: Sequence[Path]) -> Pool:
        """All shards of folders; groups of pools of different seeds keep apart."""
        paths = [path for folder in folders for path in sorted(folder.glob("*.npz"))]
        if not paths:
            raise FileNotFoundError(
                f"There are no shards in {folders}; make some with processors.training.instruments.pool."
            )
        shards = [np.load(path) for path in paths]
        seeds = [int(path.name.split("-")[0]) for path in paths]
        return cls(
            np.concatenate([shard["level"] for shard in shards]),
            np.concatenate([shard["truth"] for shard in shards]),
            np.concatenate([shard["group"] + (seed << 32) for shard, seed in zip(shards, seeds, strict=True)]),
            np.concatenate([shard["source"] for shard in shards]),
        )

    def of_sources(self, prefixes: Sequence[str], kept: bool) -> Pool:
        """Only the stems of sources that begin so, or with ``kept`` False only the others."""
        chosen = np.array([source.startswith(tuple(prefixes)) for source in self.source.tolist()], bool) == kept
        return Pool(self.level[chosen], self.truth[chosen], self.group[chosen], self.source[chosen])


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

    def __init__(
        self,
        pool: Pool,
        rng: np.random.Generator,
        frames: int = WINDOW_FRAMES,
        together: tuple[float, ...] = TOGETHER,
    ) -> None:
        self._pool = pool
        self._rng = rng
        self._frames = frames
        self._together_shares = together
        order = np.argsort(pool.group, kind="stable")
        starts = np.flatnonzero(np.diff(pool.group[order], prepend=-1))
        self._groups = [group for group in np.split(order, starts[1:]) if len(group) > 1]
        self._chance = np.cumsum(_chances(pool))

    def batches(self, size: int) -> Iterator[Batch]:
        """Batches without end."""
        while True:
            examples = [self._example() for _ in range(size)]
            heard = np.stack([steps for _, steps in examples])
            power = spoil(np.stack([power for power, _ in examples]), self._rng)
            yield Batch(levels(power), heard.max(axis=1), heard)

    def _example(self) -> tuple[Power, NDArray[np.float32]]:
        """A dry mix, and what is heard in each of its steps."""
        heard = np.zeros((self._frames // STEP_FRAMES, len(LABELS)), np.float32)
        if self._rng.random() < NOISE_ALONE:
            return noise_power(1, self._frames, self._rng)[0], heard
        stems = [self._stem(number) for number in self._together()]
        mix: Power = np.sum([power for power, _ in stems], axis=0)
        loudest = _by_step(mix)
        for power, truth in stems:
            level = _by_step(power)
            audible = (level > loudest * AUDIBLE) & (level > mix.max() * AUDIBLE * MUCH_LOUDER) & (level > SILENT)
            heard[np.ix_(np.flatnonzero(audible), np.flatnonzero(truth))] = 1.0
        return mix, heard

    def _together(self) -> list[int]:
        rng = self._rng
        count = 1 + int(rng.choice(len(self._together_shares), p=self._together_shares))
        if count > 1 and self._groups and rng.random() < SAME_PASSAGE:
            group = self._groups[int(rng.integers(len(self._groups)))]
            return [int(number) for number in rng.permutation(group)[:count]]
        return [int(np.searchsorted(self._chance, rng.random() * self._chance[-1])) for _ in range(count)]

    def _stem(self, number: int) -> tuple[Power, NDArray[np.bool_]]:
        rng = self._rng
        speed = float(np.exp(rng.uniform(-SPEED, SPEED)))
        place = (np.arange(self._frames) * speed).astype(np.int64)
        for _ in range(TRIES):
            start = int(rng.integers(0, STEM_FRAMES - place[-1]))
            level = self._pool.level[number, start + place]
            if level.max() > HEARD:
                break
        if rng.random() < TRANSPOSED:
            level = level[:, transposed(rng.uniform(-SEMITONES, SEMITONES))]
        gain_db = rng.uniform(-18.0, 0.0) + equaliser_db(1, 0.8, rng)
        power = POWER_OF_LEVEL[level] * _ratio(gain_db)
        if rng.random() < 0.25:  # the note is all that is heard, and ends early
            power[int(rng.integers(16, self._frames)) :] = 0.0
        return power, self._pool.truth[number]


def _chances(pool: Pool) -> NDArray[np.float64]:
    """How often each stem is drawn: all labels alike, and its sources in a label as ``_how_often`` says."""
    first = np.where(pool.truth.any(axis=1), pool.truth.argmax(axis=1), len(LABELS))
    chance = np.zeros(len(first))
    for label in np.unique(first):
        of_label = np.flatnonzero(first == label)
        sources, number, count = np.unique(pool.source[of_label], return_inverse=True, return_counts=True)
        share = np.array([_how_often(source) for source in sources.tolist()])
        chance[of_label] = (share / share.sum() / count)[number]
    return chance


def _how_often(source: str) -> float:
    if source.startswith(FEW_NOTES):
        return FEW
    if source == HYBRID:
        return HYBRIDS
    return NEARER if source.startswith("recorded") or source == "synthesis" else FONT


def transposed(semitones: float) -> NDArray[np.int64]:
    """The bands in whose place those of a higher or lower sound are heard, (BANDS,)."""
    hz = BAND_HZ * 2.0 ** (-semitones / 12.0)
    place = (np.log1p(hz / 700.0) - MELS[0]) / (MELS[1] - MELS[0])
    return np.clip(np.round(place), 0, BANDS - 1).astype(np.int64)


def spoil(power: Power, rng: np.random.Generator) -> Power:
    """What lies between the instruments and the listener, another for each example: (examples, frames, BANDS)."""
    count, frames, _ = power.shape
    power = in_room(power, rng) * _ratio(equaliser_db(count, 1.0, rng))[:, None] * compression(power, rng)
    noise = noise_power(count, frames, rng)
    ratio_db = np.where(rng.random(count) < 0.65, rng.uniform(3.0, 50.0, count), 100.0)
    wanted = power.mean(axis=(1, 2)) / noise.mean(axis=(1, 2)) * 10.0 ** (-ratio_db / 10.0)
    power = power + noise * wanted[:, None, None].astype(np.float32)
    return np.asarray(power * (band_limit(count, rng) * masked(count, rng))[:, None], np.float32)


def equaliser_db(count: int, strength: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Smooth curves over the bands, (count, BANDS): a slope, and bumps and dips of any width."""
    curve = rng.normal(0.0, 7.0, (count, 1)) * PLACE
    for _ in range(3):
        centre, width = rng.uniform(-1.0, 1.0, (count, 1)), rng.uniform(0.04, 0.5, (count, 1))
        height = rng.normal(0.0, 6.0, (count, 1)) * (rng.random((count, 1)) < 0.7)
        curve += height * np.exp(-0.5 * ((PLACE - centre) / width) ** 2)
    return np.asarray(strength * curve, np.float32)


def in_room(power: Power, rng: np.random.Generator) -> Power:
    """Late reverberation for six of ten: power that dies away over time, faster in high bands."""
    count, frames, _ = power.shape
    decay_s = np.exp(rng.uniform(np.log(0.15), np.log(2.5), (count, 1)))
    decay_s = decay_s * (1.0 + (rng.uniform(0.3, 0.9, (count, 1)) - 1.0) * (PLACE + 1.0) / 2.0)
    keep = np.exp(-13.8 * FRAME / SAMPLE_RATE / decay_s).astype(np.float32)
    share = (10.0 ** (rng.uniform(-20.0, 3.0, (count, 1)) / 10.0) * (rng.random((count, 1)) < 0.6)).astype(np.float32)
    out = power.copy()
    late = np.zeros((count, BANDS), np.float32)
    for frame in range(1, frames):
        late = keep * late + (1.0 - keep) * power[:, frame - 1]
        out[:, frame] += share * late
    return out


def compression(power: Power, rng: np.random.Generator) -> Power:
    """Gain of each frame, (examples, frames, 1): for a quarter, what is quiet is raised."""
    count = len(power)
    loudest = power.max(axis=2, keepdims=True)
    below = np.maximum(loudest / np.maximum(loudest.max(axis=1, keepdims=True), SILENT), 1e-4)
    strength = rng.uniform(0.1, 0.6, (count, 1, 1)) * (rng.random((count, 1, 1)) < 0.25)
    return np.asarray(below**-strength, np.float32)


def noise_power(count: int, frames: int, rng: np.random.Generator) -> Power:
    """Coloured noise, (count, frames, BANDS), steady or in gusts; sometimes with hum."""
    colour_db = equaliser_db(count, 1.5, rng) - rng.uniform(0.0, 20.0, (count, 1)) * (PLACE + 1.0)
    noise = rng.standard_exponential((count, frames, BANDS), np.float32) * _ratio(colour_db)[:, None]
    knots = np.where(rng.random((count, 1)) < 0.3, rng.uniform(0.02, 1.0, (count, 8)), 1.0) ** 2
    noise *= np.repeat(knots, frames // 8, axis=1)[:, :, None].astype(np.float32)
    hum = np.where(rng.random(count) < 0.15, rng.uniform(1.0, 30.0, count), 0.0) * noise.mean(axis=(1, 2))
    noise[:, :, :2] += hum[:, None, None].astype(np.float32)
    return noise


def band_limit(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Old recordings, telephones, low rates and low bit rates: nothing above, and perhaps little below, some band."""
    highest_hz, lowest_hz = rng.uniform(2500.0, 10_000.0, (count, 1)), rng.uniform(60.0, 300.0, (count, 1))
    above_db = rng.uniform(12.0, 70.0, (count, 1)) * (rng.random((count, 1)) < 0.35)
    below_db = rng.uniform(6.0, 24.0, (count, 1)) * (rng.random((count, 1)) < 0.1)
    above, below = np.log2(BAND_HZ / highest_hz) * 3.0, np.log2(lowest_hz / BAND_HZ)
    return _ratio(-above_db * np.clip(above, 0.0, 1.0) - below_db * np.clip(below, 0.0, 2.0))


def masked(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Now and then a strip of bands is missing, so that no instrument is known by one band alone."""
    first = rng.integers(0, BANDS - 4, (count, 1))
    width = rng.integers(2, 14, (count, 1)) * (rng.random((count, 1)) < 0.3)
    band = np.arange(BANDS)
    return np.where((band >= first) & (band < first + width), np.float32(1e-6), np.float32(1.0))


def _ratio(level_db: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(10.0 ** (level_db / 10.0), np.float32)


def _by_step(power: Power) -> NDArray[np.float32]:
    """The loudest band of each step."""
    return np.asarray(power.reshape(-1, STEP_FRAMES, BANDS).mean(axis=1).max(axis=1), np.float32)
