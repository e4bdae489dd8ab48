"""Sections without learning, to compare with: change alone, and nothing at all."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.signal import find_peaks

from processors.notes import Notes

from .features import step_features
from .hints import hints_of
from .labels import Section
from .pulse import pulse_of
from .repetition import MAX_STEPS, repetition_features
from .steps import steps_of

NOVELTY_COLUMN = 2
"""Change of harmony over the widest checkerboard."""
LEAST_STEPS = 12
PROMINENCE = 0.06
EVEN_STEPS = 16


def novelty_sections(notes: Notes) -> list[Section]:
    """A section at each peak of novelty (Foote, 2000); all are verses, as most music is."""
    edge_s = steps_of(pulse_of(notes, hints_of(notes)), notes.end_s)[: MAX_STEPS + 1]
    whole, _ = repetition_features(step_features(notes, edge_s), edge_s)
    peaks, _ = find_peaks(whole[:, NOVELTY_COLUMN], distance=LEAST_STEPS, prominence=PROMINENCE)
    return _verses([0.0, *(float(edge_s[peak]) for peak in peaks)], notes.end_s)


def even_sections(notes: Notes) -> list[Section]:
    """A section every sixteen steps; all are verses."""
    edge_s = steps_of(pulse_of(notes, hints_of(notes)), notes.end_s)
    return _verses([float(edge) for edge in edge_s[:-1:EVEN_STEPS]], notes.end_s)


def _verses(start_s: list[float], end_s: float) -> list[Section]:
    edges = np.unique([*start_s, end_s])
    return [Section("verse", float(a), float(b), 0.0) for a, b in pairwise(edges)]
