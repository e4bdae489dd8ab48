"""Songs made of any music: a synthesised voice sings the top line above the rest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes
from processors.training.performances import melody_line, transpose

from .passages import LOWEST
from .synthesis import random_singer, synthesise

AN_OCTAVE_LOWER = 0.4
"""So many voices are men's, which sing an octave below what is written for any voice."""


def voice_and_rest(notes: Notes, rng: np.random.Generator) -> tuple[Notes, Notes]:
    """The highest note of each onset, perhaps an octave lower, and all others."""
    line = melody_line(notes)
    on_top = set(zip(line.onset_s.tolist(), line.pitch.tolist(), strict=True))
    top = np.array([key in on_top for key in zip(notes.onset_s.tolist(), notes.pitch.tolist(), strict=True)], bool)
    voice, rest = _chosen(notes, top), _chosen(notes, ~top)
    if rng.random() < AN_OCTAVE_LOWER and len(voice) and voice.pitch.min() >= LOWEST + 12:
        voice = transpose(voice, -12, 1.0)
    return voice, rest


def sing(
    voice: Notes, played: NDArray[np.float32], length_s: float, above_db: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A synthesised singer with ``voice``, ``above_db`` louder than what is ``played``; samples as long as that."""
    sung = synthesise(voice, length_s, random_singer(rng), rng)[: len(played)]
    level = 10.0 ** (above_db / 20.0) * float(played.std()) / max(float(sung.std()), 1e-6)
    out = played.copy()
    out[: len(sung)] += np.float32(level) * sung
    return out


def merged(one: Notes, other: Notes) -> Notes:
    """The notes of both."""
    return Notes.of(
        np.append(one.onset_s, other.onset_s),
        np.append(one.pitch, other.pitch),
        np.append(one.duration_s, other.duration_s),
        np.append(one.velocity, other.velocity),
    )


def _chosen(notes: Notes, which: NDArray[np.bool_]) -> Notes:
    return Notes(notes.onset_s[which], notes.duration_s[which], notes.pitch[which], notes.velocity[which])
