"""Training examples: spoiled crops of pooled passages as features, with their targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.onsets.constants import FRAME, FRAMES_A_STEP, LOWEST_PITCH, PITCHES, SAMPLE_RATE, STEP
from processors.onsets.filterbank import FilterBank
from processors.onsets.spectra import AHEAD, BEHIND, step_spectra
from processors.onsets.tuning import TuningEstimate

from .pool import PASSAGE_S, Rendered, read_shard
from .spoiling import spoil

CROP_STEPS = 90
TARGET_REACH = 1.5
"""An onset's target falls from 1 to 0 over so many frames on both sides."""


@dataclass(frozen=True, slots=True)
class Example:
    """Features (steps, 4, BINS) and targets: onsets (2 * steps, PITCHES), sounding notes (steps, PITCHES)."""

    features: NDArray[np.float32]
    onset: NDArray[np.float32]
    sounding: NDArray[np.float32]


def features_of(samples: NDArray[np.float32], steps: int, tuning_error_cents: float = 0.0) -> NDArray[np.float32]:
    """Features at the clip's own tuning, as the transcriber computes them, a little off if wanted."""
    padded = np.zeros(BEHIND + (steps - 1) * STEP + AHEAD, np.float32)
    used = samples[: len(padded) - BEHIND]
    padded[BEHIND : BEHIND + len(used)] = used
    spectra = step_spectra(padded, steps)
    estimate = TuningEstimate()
    estimate.add(spectra.pitch)
    return FilterBank.near(estimate.cents + tuning_error_cents).features(spectra)


def targets_of(notes: Notes, start_s: float, steps: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Triangles around the onsets, and which pitches sound."""
    frames = steps * FRAMES_A_STEP
    onset = np.zeros((frames, PITCHES), np.float32)
    sounding = np.zeros((steps, PITCHES), np.float32)
    at = (notes.onset_s - start_s) * (SAMPLE_RATE / FRAME)
    end = (notes.onset_s + notes.duration_s - start_s) * (SAMPLE_RATE / FRAME)
    for frame, until, pitch in zip(at, end, notes.pitch.astype(int) - LOWEST_PITCH, strict=True):
        if until < 0.0 or frame > frames + 1 or not 0 <= pitch < PITCHES:
            continue
        sounding[max(int(frame / 2), 0) : max(int(until / 2), 0) + 1, pitch] = 1.0
        for k in range(max(int(frame) - 1, 0), min(int(frame) + 3, frames)):
            onset[k, pitch] = max(onset[k, pitch], 1.0 - abs(k - frame) / TARGET_REACH)
    return onset, sounding


def make_example(passage: Rendered, rng: np.random.Generator) -> Example:
    """A random crop, spoiled; one in thirty is noise alone."""
    length = CROP_STEPS * STEP
    start = int(rng.integers(0, int(PASSAGE_S * SAMPLE_RATE) - length))
    samples = passage.samples[start : start + length].astype(np.float32) / np.float32(32768.0)
    onset, sounding = targets_of(passage.notes, start / SAMPLE_RATE, CROP_STEPS)
    if rng.random() < 1.0 / 30.0:
        samples = rng.standard_normal(length, np.float32)
        onset, sounding = np.zeros_like(onset), np.zeros_like(sounding)
    return Example(features_of(spoil(samples, rng), CROP_STEPS, float(rng.normal(0.0, 3.0))), onset, sounding)


def endless_examples(pool: Path, rng: np.random.Generator) -> Iterator[Example]:
    """Examples without end; shards that appear meanwhile are taken up, a few are held in memory at a time."""
    held: list[Rendered] = []
    while True:
        shards = sorted(pool.glob("*.npz"))
        if not shards:
            raise FileNotFoundError(f"There are no shards in {pool}; render some with processors.training.onsets.pool.")
        fresh = [
            passage
            for k in rng.choice(len(shards), min(4, len(shards)), replace=False)
            for passage in read_shard(shards[k])
        ]
        held = (held + fresh)[-12 * 50 :]
        for k in rng.permutation(len(held))[: len(fresh)]:
            yield make_example(held[k], rng)
