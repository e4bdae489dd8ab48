"""Made songs whose form is known."""

from __future__ import annotations

import numpy as np

from processors.notes import Notes

BEAT_S = 0.6
BAR_S = 4 * BEAT_S
CHORDS = {
    "i": ((60, 64, 67), (57, 60, 64)),
    "A": ((60, 64, 67), (57, 60, 64), (53, 57, 60), (55, 59, 62)),
    "B": ((53, 57, 60), (55, 59, 62), (52, 55, 59), (57, 60, 64)),
}
MELODY = {"i": (), "A": (67, 69, 67, 64, 65, 64, 62, 60), "B": (76, 74, 72, 74, 76, 77, 76, 72)}
LOUDNESS = {"i": 55, "A": 70, "B": 95}


def made_song(form: str, bars: int = 8) -> tuple[Notes, list[float]]:
    """A song of ``bars`` bars for each letter of ``form``, and where each letter starts, seconds."""
    onset: list[float] = []
    pitch: list[int] = []
    velocity: list[int] = []
    for number, letter in enumerate(form):
        chords, melody = CHORDS[letter], MELODY[letter]
        for bar in range(bars):
            start = (number * bars + bar) * BAR_S
            chord = chords[bar % len(chords)]
            for beat in range(4):
                played = (chord[0] - 12, *chord) if beat % 2 == 0 else chord[1:]
                onset += [start + beat * BEAT_S] * len(played)
                pitch += played
                velocity += [LOUDNESS[letter]] * len(played)
            for i in range(4 if melody else 0):
                onset.append(start + i * BEAT_S + (BEAT_S / 2 if letter == "B" and i % 2 else 0.0))
                pitch.append(melody[(4 * (bar % 2) + i) % len(melody)] + (bar % 4 == 3))
                velocity.append(LOUDNESS[letter] + 15)
    count = len(onset)
    notes = Notes.of(np.array(onset), np.array(pitch), np.full(count, BEAT_S * 0.9), np.array(velocity))
    return notes, [number * bars * BAR_S for number in range(len(form))]
