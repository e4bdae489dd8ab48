"""Sections of a whole piece."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes

from .decoding import Priors, confidence_of, decode
from .features import StepFeatures, step_features
from .hints import BeatHints, hints_of
from .labels import LABELS, OTHER, Section
from .network import WholeNetwork
from .pulse import pulse_of
from .repetition import MAX_STEPS
from .steps import steps_of
from .whole import whole_features

LEAST_STEPS = 16
"""Music of fewer steps is one section, which may be anything."""
LEAST_PITCHES = 3
"""Music on fewer pitches has no form to be heard."""
MAX_PIECE_S = 4 * 3600.0
"""What comes later than this is left out."""


def sections_of(notes: Notes, beat_s: NDArray[np.float64] | None = None) -> list[Section]:
    """Divide a piece into its sections.

    Args:
        notes: of the whole piece.
        beat_s: its beats, seconds, ascending, where they are known; otherwise a pulse is estimated.

    Returns:
        sections in order, without gaps, from zero to the end of the last note; none without notes. Music that is too
        short or too plain to have a form is one section called other, with confidence 0. Of music longer than
        ``MAX_STEPS`` steps (some twenty minutes) each such part is analysed by itself.
    """
    end_s = min(notes.end_s, MAX_PIECE_S)
    if not len(notes) or end_s <= 0:
        return []
    hints = hints_of(notes)
    edge_s = steps_of(pulse_of(notes, hints) if beat_s is None or len(beat_s) < 2 else beat_s, end_s)
    if len(edge_s) <= LEAST_STEPS or len(np.unique(notes.pitch)) < LEAST_PITCHES:
        return [Section(LABELS[OTHER], 0.0, end_s, 0.0)]
    steps = step_features(notes, edge_s)
    parts = [
        _part(steps, hints, edge_s, slice(begin, min(begin + MAX_STEPS, len(steps))))
        for begin in range(0, len(steps), MAX_STEPS)
    ]
    return _to_the_ends([section for part in parts for section in part], end_s)


def _part(steps: StepFeatures, hints: BeatHints, edge_s: NDArray[np.float64], which: slice) -> list[Section]:
    part = StepFeatures(steps.heard[which], steps.vector[which])
    edges = edge_s[which.start : which.stop + 1]
    whole, around = whole_features(part, hints, edges)
    boundary, label = WholeNetwork.shipped().run(np.concatenate([part.heard, whole], 1), around)
    return [
        Section(LABELS[name], float(edges[begin]), float(edges[end]), round(confidence_of(label, begin, end, name), 4))
        for begin, end, name in decode(boundary, label, Priors.shipped())
    ]


def _to_the_ends(sections: list[Section], end_s: float) -> list[Section]:
    """The first section begins at zero, the last ends with the music."""
    edges = [0.0, *(section.start_s for section in sections[1:]), end_s]
    return [
        Section(section.label, edges[i], edges[i + 1], section.confidence)
        for i, section in enumerate(sections)
        if edges[i + 1] > edges[i]
    ]
