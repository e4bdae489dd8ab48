"""Facts of a piece of music, measured on its notes: what plays, how fast, in which metre, key and texture.

Scores tell more than sound: what is not known is left open (``None`` or no parts), never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.identify.groups import group_notes, score_tolerance_ms
from processors.notes import Notes
from processors.parts import Part
from processors.score_beats import ScoreBeats

MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
"""How well the twelve tones fit a key, from its tonic on: Krumhansl and Kessler, Psychological Review 89, 1982."""
SCALES = np.array([[1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1]], bool)
"""Tones of the major and of the (harmonic, melodic and natural) minor scale."""
SUBDIVISION_TOLERANCE = 0.08


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What is known of a piece.

    Attributes:
        parts: what plays; none where it is not known.
        tempo_bpm: beats a minute, the median; None where there are no beats.
        beats_per_bar: of the most common metre.
        compound: whether beats are divided by three.
        tones: float64 [12], share of each pitch class of the notes.
        key_fit: float64 [24], correlation with the major keys on C, C sharp, ..., then the minor ones.
        outside: share of the notes outside of the best key's scale.
        chord_sizes: float64 [6], share of onsets with 1, 2, ..., 6 and more notes.
        onsets_per_s: onsets a second.
        pitches: float64 [16], share of the notes in each half octave from MIDI pitch 18 on.
        mean_pitch: MIDI pitch.
        intervals: float64 [25], share of the steps of the top line from an octave down to an octave up.
        gaps: float64 [10], share of times between onsets in half octaves from 1/16 s on.
        gap_ratios: float64 [9], share of quotients of neighbouring gaps from 1/4 to 4.
        repeated: share of the onsets that begin a sequence of intervals heard before.
        length_s: seconds.
        notes: how many.
    """

    parts: tuple[Part, ...]
    tempo_bpm: float | None
    beats_per_bar: int | None
    compound: bool
    tones: NDArray[np.float64]
    key_fit: NDArray[np.float64]
    outside: float
    chord_sizes: NDArray[np.float64]
    onsets_per_s: float
    pitches: NDArray[np.float64]
    mean_pitch: float
    intervals: NDArray[np.float64]
    gaps: NDArray[np.float64]
    gap_ratios: NDArray[np.float64]
    repeated: float
    length_s: float
    notes: int

    @property
    def instruments(self) -> frozenset[str]:
        """Names of what plays."""
        return frozenset(part.name for part in self.parts)

    @property
    def tonic(self) -> int:
        """Pitch class of the best key's tonic, 0 for C."""
        return int(self.key_fit.argmax()) % 12

    @property
    def minor(self) -> bool:
        """Whether the best key is a minor one."""
        return int(self.key_fit.argmax()) >= 12


def facts_of(notes: Notes, beats: ScoreBeats | None = None, parts: tuple[Part, ...] = ()) -> Facts:
    """Measure a piece of at least one note; durations are not looked at, for catalogues and transcriptions lack them.

    Raises:
        ValueError: there is no note.
    """
    if not len(notes):
        raise ValueError("A piece without notes has no facts.")
    grouped = group_notes(notes, score_tolerance_ms(notes))
    pitch = grouped.pitch.astype(np.int64)
    onset_s = grouped.onset_ms.astype(np.float64) / 1000.0
    sizes = np.bincount(grouped.group)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
    top = np.maximum.reduceat(pitch, starts)
    gap_s = np.maximum(np.diff(onset_s), 1e-3)
    length_s = float(onset_s[-1] - onset_s[0]) if len(onset_s) > 1 else 0.0
    tones = np.bincount(pitch % 12, minlength=12) / len(pitch)
    fit = key_fit(tones)
    best = int(fit.argmax())
    scale = np.roll(SCALES[best // 12], best % 12)
    steps = np.clip(np.diff(top), -12, 12)
    return Facts(
        parts=parts,
        tempo_bpm=None if beats is None else 60.0 / float(np.median(np.diff(beats.time_s))),
        beats_per_bar=None if beats is None else int(np.bincount(beats.beats_per_bar).argmax()),
        compound=beats is not None and _compound(onset_s, beats),
        tones=tones,
        key_fit=fit,
        outside=float(tones[~scale].sum()),
        chord_sizes=_shares(np.minimum(sizes, 6) - 1, 6),
        onsets_per_s=len(onset_s) / max(length_s, 1.0),
        pitches=_shares(np.clip((pitch - 18) // 6, 0, 15), 16),
        mean_pitch=float(pitch.mean()),
        intervals=_shares(steps + 12, 25),
        gaps=_shares(np.clip(np.floor(2.0 * np.log2(gap_s * 16.0)), 0, 9).astype(np.int64), 10),
        gap_ratios=_shares(np.clip(np.rint(2.0 * np.diff(np.log2(gap_s))) + 4, 0, 8).astype(np.int64), 9),
        repeated=_repeated(steps),
        length_s=length_s,
        notes=len(notes),
    )


def key_fit(tones: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation of a distribution of pitch classes with the 24 keys; zeros for a flat one."""
    profiles = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    profiles = profiles - profiles.mean(axis=1, keepdims=True)
    centred = tones - tones.mean()
    size = np.sqrt((profiles**2).sum(axis=1) * (centred**2).sum())
    fit: NDArray[np.float64] = profiles @ centred / np.maximum(size, 1e-9)
    return fit


def _shares(number: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    return np.bincount(number, minlength=count) / max(len(number), 1)


def _compound(onset_s: NDArray[np.float64], beats: ScoreBeats) -> bool:
    """Whether more onsets lie at thirds of a beat than at its half."""
    at = np.interp(onset_s, beats.time_s, np.arange(len(beats))) % 1.0
    thirds = sum(int(np.count_nonzero(np.abs(at - place) < SUBDIVISION_TOLERANCE)) for place in (1 / 3, 2 / 3))
    halves = int(np.count_nonzero(np.abs(at - 0.5) < SUBDIVISION_TOLERANCE))
    return thirds > max(halves, 0.1 * len(onset_s))


def _repeated(steps: NDArray[np.int64], length: int = 6) -> float:
    if len(steps) < length:
        return 0.0
    windows = np.lib.stride_tricks.sliding_window_view(steps + 12, length)
    codes = windows @ 25 ** np.arange(length)
    return 1.0 - len(np.unique(codes)) / len(codes)
