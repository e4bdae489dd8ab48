"""Test signals: tones of known pitch and time, made here."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from processors.notes import Notes


def play(notes: Notes, rate_hz: int, tuning_cents: float = 0.0, tail_s: float = 1.0) -> NDArray[np.float32]:
    """Plucked tones of eight partials that die away; nothing of the training's own synthesis."""
    samples = np.zeros(int((notes.end_s + tail_s) * rate_hz))
    for onset_s, duration_s, pitch in zip(notes.onset_s, notes.duration_s, notes.pitch.astype(int), strict=True):
        time_s = np.arange(int((duration_s + 0.1) * rate_hz)) / rate_hz
        hz = 440.0 * 2.0 ** ((pitch - 69 + tuning_cents / 100.0) / 12.0)
        tone = sum(
            np.sin(2.0 * np.pi * k * hz * time_s) / k * np.exp(-k * time_s / 0.8)
            for k in range(1, 9)
            if k * hz < 0.45 * rate_hz
        )
        fade = np.minimum(1.0, np.minimum(time_s / 0.003, (duration_s + 0.1 - time_s) / 0.1))
        start = round(onset_s * rate_hz)
        samples[start : start + len(tone)] += (tone * fade)[: len(samples) - start]
    return (0.3 * samples / max(float(np.abs(samples).max()), 1e-9)).astype(np.float32)


def melody(pitches: list[int], gap_s: float = 0.3, start_s: float = 0.5) -> Notes:
    """Notes one after another."""
    onset_s = start_s + gap_s * np.arange(len(pitches))
    return Notes.of(onset_s, np.array(pitches), np.full(len(pitches), gap_s))
