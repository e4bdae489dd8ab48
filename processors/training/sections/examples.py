"""Songs as the networks see them: features of steps, and what each step is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from processors.midi import read_midi
from processors.sections.features import (
    BAND_COUNTS,
    BAND_LOUDNESS,
    MEAN_LOUDNESS,
    TIMBRE,
    StepFeatures,
    step_features,
)
from processors.sections.hints import hints_of
from processors.sections.labels import LABELS, Section
from processors.sections.memory import Memory
from processors.sections.pulse import pulse_of
from processors.sections.repetition import MAX_STEPS
from processors.sections.steps import steps_of
from processors.sections.whole import whole_features

from .pop909 import melody_of, phrases_of, sections_of_phrases

EVEN_LOUDNESS = 64 / 127
UNKNOWN = -1
"""The label of steps outside of all sections."""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One song; one entry a step.

    Attributes:
        heard: float32 [steps, TIMBRE].
        whole: float32 [steps, GLOBAL + HINTS].
        around: float16 [steps, steps], likeness of surroundings.
        live: float32 [steps, LIVE].
        label: int64, index in ``LABELS`` or ``UNKNOWN``.
        boundary: float32, 1 where a section starts with this step, less beside it.
    """

    heard: NDArray[np.float32]
    whole: NDArray[np.float32]
    around: NDArray[np.float16]
    live: NDArray[np.float32]
    label: NDArray[np.int64]
    boundary: NDArray[np.float32]


def song_sections(folder: Path, number: str) -> list[Section] | None:
    """The true sections of a song; nothing if its annotation could not be placed."""
    phrases = phrases_of(folder, number)
    return None if phrases is None else sections_of_phrases(phrases, *melody_of(folder, number))


def example_of(folder: Path, number: str) -> Example | None:
    """A song on its estimated pulse, as at run time; nothing if its annotation could not be placed."""
    sections = song_sections(folder, number)
    if sections is None:
        return None
    notes = read_midi((folder / f"{number}.mid").read_bytes())
    hints = hints_of(notes)
    edge_s = steps_of(pulse_of(notes, hints), notes.end_s)[: MAX_STEPS + 1]
    steps = step_features(notes, edge_s)
    whole, around = whole_features(steps, hints, edge_s)
    label, boundary = _truth(sections, edge_s)
    return Example(steps.heard, whole, around.astype(np.float16), live_features(steps, edge_s), label, boundary)


def live_features(steps: StepFeatures, edge_s: NDArray[np.float64]) -> NDArray[np.float32]:
    """float32 [steps, LIVE]: what a live listener makes of each step."""
    memory = Memory()
    period_s = np.diff(edge_s)
    return np.array([memory.add(steps.heard[i], steps.vector[i], float(period_s[i])) for i in range(len(steps))])


def without_touch(example: Example) -> Example:
    """The song as a keyboard without velocities, or a transcription of sound, gives it: every note as loud."""
    heard = example.heard.copy()
    heard[:, MEAN_LOUDNESS] = EVEN_LOUDNESS * (heard[:, 0] > 0)
    heard[:, BAND_LOUDNESS] = EVEN_LOUDNESS * (heard[:, BAND_COUNTS] > 0)
    live = example.live.copy()
    live[:, :TIMBRE] = heard
    live[:, TIMBRE : 2 * TIMBRE] = heard - heard.cumsum(0) / np.arange(1, len(heard) + 1)[:, None]
    return replace(example, heard=heard, live=live)


def _truth(sections: list[Section], edge_s: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    count = len(edge_s) - 1
    middle = (edge_s[:-1] + edge_s[1:]) / 2
    label = np.full(count, UNKNOWN, np.int64)
    boundary = np.zeros(count, np.float32)
    for section in sections:
        label[(middle >= section.start_s) & (middle < section.end_s)] = LABELS.index(section.label)
        at = int(np.argmin(np.abs(edge_s[:-1] - section.start_s)))
        boundary[at] = 1.0
    return label, boundary
